using System.CommandLine;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.SshHost;

namespace Keyhole.Client;

/// <summary><c>keyhole ssh</c> and <c>keyhole scp</c>: OpenSSH's programs, with the identity of the person who logged in. Their command lines are OpenSSH's.</summary>
internal static class SshCommand
{
    /// <summary>What ssh itself says when it fails, as opposed to the command that it ran.</summary>
    private const int Failed = 255;

    private const string Own = """
              --generate-random-password   Give the account a new password, and show it once.
              --data DIR                   The directory that holds the login. [KEYHOLE_DATA]

        The login is a certificate that is valid for five minutes; its key never leaves this process. A session goes on after that.

        """;

    private const string SshHelp = """
        Logs in to a host by SSH with the identity of 'keyhole login', over the tunnel of 'keyhole up'.

        Usage:
          keyhole ssh [options of ssh] HOST [options of ssh] [[--] command]
          keyhole ssh sign HOST --key-file FILE     Sign a key for other programs.
          keyhole ssh setup                         Set up this host's own SSH server.

          keyhole ssh vm-01
          keyhole ssh vm-01 id
          keyhole ssh -t vm-01 top
          keyhole ssh -N -L 8080:localhost:80 vm-01

        HOST is an alias or a name that 'keyhole list' shows. All options of ssh but -J, and:

        """ + Own;

    private const string ScpHelp = """
        Copies files from and to a host with the identity of 'keyhole login', over the tunnel of 'keyhole up'.

        Usage:
          keyhole scp [options of scp] FILE... FILE

          keyhole scp vm-01:/etc/hosts .
          keyhole scp -r notes vm-01:

        One host per line, an alias or a name that 'keyhole list' shows. All options of scp but -J, and, before the files:

        """ + Own;

    /// <summary>For the help of the program; what it does is <see cref="RunAsync(IReadOnlyList{string})"/>.</summary>
    public static Command CreateSsh() =>
        new("ssh", "Logs in to a host by SSH: 'keyhole ssh vm-01', with ssh's own options and commands.")
        {
            SshSignCommand.Create(), SshSetupCommand.Create("keyhole"), SshProxyCommand.Create(),
        };

    /// <inheritdoc cref="CreateSsh"/>
    public static Command CreateScp() => new("scp", "Copies files from and to a host: 'keyhole scp vm-01:/etc/hosts .', with scp's own options.");

    /// <summary>Whether a command line is one of these two.</summary>
    public static bool Claims(IReadOnlyList<string> words) => words is ["scp", ..] || (words is ["ssh", ..] && words is not [_, SshSignCommand.Name or SshProxyCommand.Name or "setup", ..]);

    /// <returns>The exit code of ssh or scp, or 255 when it did not come to that.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> words)
    {
        try
        {
            string[] rest = [.. words.Skip(1)];
            return words[0] == "scp" ? await ScpAsync(rest).ConfigureAwait(false) : await SshAsync(rest).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AgentException or SodiumUnavailableException)
        {
            await Console.Error.WriteLineAsync($"error: {AgentProgram.Shown(e.Message)}").ConfigureAwait(false);
            return Failed;
        }
    }

    private static async Task<int> SshAsync(string[] words)
    {
        var line = SshLine.Parse(words is ["-h" or "-?"] ? ["--help"] : words);
        if (line.Own.IsHelpWanted)
            return await HelpAsync(SshHelp).ConfigureAwait(false);
        if (line.IsQuestion)
        {
            using var process = new OpenSshProcess();
            return await process.RunAsync(OpenSshProcess.Find("ssh"), line.Flags.SelectMany(flag => flag.Words)).ConfigureAwait(false);
        }

        if (line.Target is not { } target)
            throw new AgentException("Which host? Write 'keyhole ssh vm-01'; 'keyhole ssh --help' says more.");
        return await SshSession.RunAsync("ssh", line.Own, target, line.User, line.Port, line.Words(AgentOfUser())).ConfigureAwait(false);
    }

    private static async Task<int> ScpAsync(string[] words)
    {
        var line = ScpLine.Parse(words is ["-h" or "-?"] ? ["--help"] : words);
        return line.Target is { } target
            ? await SshSession.RunAsync("scp", line.Own, target, line.User, line.Port, line.Words(AgentOfUser())).ConfigureAwait(false)
            : await HelpAsync(ScpHelp).ConfigureAwait(false);
    }

    private static string? AgentOfUser() => Environment.GetEnvironmentVariable("SSH_AUTH_SOCK");

    private static async Task<int> HelpAsync(string text)
    {
        await Console.Out.WriteAsync(text).ConfigureAwait(false);
        return 0;
    }
}
