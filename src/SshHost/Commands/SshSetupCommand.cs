using System.CommandLine;
using Keyhole.Agent;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary><c>ssh setup</c>: the lines that the SSH server of this host needs; with <c>--install</c> they are written, checked and read.</summary>
public static class SshSetupCommand
{
    /// <param name="program">The program whose command it is: "keyhole".</param>
    public static Command Create(string program) =>
        AgentProgram.SettingsCommand("setup", "Prints what this host's sshd_config needs, or installs it.", [AuthDaemonSettings.Install, AuthDaemonSettings.State, AuthDaemonSettings.SshDirectory],
            (values, output) => AuthDaemonCommand.Guard(() => RunAsync(program, values, output)));

    private static async Task<int> RunAsync(string program, SettingValues values, TextWriter output)
    {
        if (!OperatingSystem.IsLinux())
            throw new AuthDaemonException("The SSH server that is set up is that of a Linux host.");
        using var loggers = new LineLoggerFactory(Console.Error, LogLevel.Information, TimeProvider.System);
        var log = loggers.CreateLogger("ssh-setup");
        string state = Path.GetFullPath(values.Require(AuthDaemonSettings.State));
        var directory = new SshDirectory(Path.GetFullPath(values.Require(AuthDaemonSettings.SshDirectory)), log, TimeProvider.System);
        var server = await SshServer.FindAsync().ConfigureAwait(false);
        var configuration = new SshdConfiguration(directory, server, await PrincipalsAsync(program, state).ConfigureAwait(false));
        if (!values.IsOn(AuthDaemonSettings.Install))
        {
            await output.WriteAsync(configuration.Text).ConfigureAwait(false);
            return 0;
        }

        if (!Environment.IsPrivilegedProcess)
            throw new AuthDaemonException("The SSH server's configuration is root's: run this as root, or without --install.");
        await directory.PrepareAsync().ConfigureAwait(false);
        string file = await configuration.InstallAsync(HostStore.ForReading(state).Read().Accounts.Select(account => account.Name)).ConfigureAwait(false);
        await server.ReloadAsync(log).ConfigureAwait(false);
        await output.WriteLineAsync($"{file} holds the lines; the SSH server accepts them.").ConfigureAwait(false);
        return 0;
    }

    /// <summary>The running program, by a path that sshd takes: absolute, plain, and changed by nobody but root.</summary>
    private static async Task<string> PrincipalsAsync(string program, string state)
    {
        string path = Environment.ProcessPath ?? throw new AuthDaemonException($"The path of {program} is not known.");
        // Not a single file, but run by the framework's own host: then the program's assembly is the first argument.
        string[] words = Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, Path.GetFullPath(Environment.GetCommandLineArgs()[0])] : [path];
        foreach (string word in words)
        {
            if (!OrderCheck.IsPath(word))
                throw new AuthDaemonException($"The path {word} holds characters that sshd_config would read in its own way: install {program} at /usr/local/bin/{program}.");
            if (await TrustedPath.FindFaultAsync(word).ConfigureAwait(false) is { } fault)
                throw new AuthDaemonException($"The SSH server would not run {word}: {fault}. Install {program} at /usr/local/bin/{program}.");
        }

        string options = state == AuthDaemonOptions.Default.StateDirectory ? "" : $" --state {state}";
        return string.Join(' ', words) + " auth-daemon principals" + options;
    }
}
