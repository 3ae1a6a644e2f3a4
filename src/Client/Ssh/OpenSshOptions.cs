using Keyhole.Ssh;

namespace Keyhole.Client;

/// <summary>Options for OpenSSH's programs. The first value that ssh hears wins: these stand before the person's own and before every configuration file.</summary>
internal static class OpenSshOptions
{
    /// <summary>Who logs in, over which way, and whom to expect there.</summary>
    public static IReadOnlyList<string> For(SignedKey signed, SshRoute route, SshFiles files)
    {
        string[] options =
        [
            $"IdentityAgent={files.AgentSocket}",
            "IdentitiesOnly=yes",
            $"IdentityFile={files.PublicKey}",
            $"CertificateFile={files.Certificate}",
            $"UserKnownHostsFile={files.KnownHosts}",
            "GlobalKnownHostsFile=/dev/null",
            "KnownHostsCommand=none",
            "StrictHostKeyChecking=yes",
            "UpdateHostKeys=no",
            "VerifyHostKeyDNS=no",
            "CheckHostIP=no",
            $"HostKeyAlias={signed.HostKeyAlias}",
            "CanonicalizeHostname=no",
            // A shared connection would be found by address and account, which mean another host in another organisation. -M and -S stay the person's.
            "ControlMaster=no",
            "ControlPath=none",
            "ControlPersist=no",
            $"Hostname={route.Host}",
            $"User={signed.Username}",
            $"ProxyCommand={(route.ProxyDirectory is { } directory ? ProxyCommand(directory) : "none")}",
            $"HostKeyAlgorithms={HostKeyAlgorithms(signed.HostKeys)}",
        ];
        return [.. options.SelectMany(option => (string[])["-o", option])];
    }

    /// <summary>
    /// The person's options. ssh would forward the agent that it was told of, which holds nothing of the person's and goes with the session: -A means the person's own.
    /// </summary>
    public static IEnumerable<string> Forwarded(IEnumerable<SshFlag> flags, string? agentSocket) => flags.SelectMany(flag => flag.Letter switch
    {
        'A' when agentSocket is { Length: > 0 } => ["-o", $"ForwardAgent=\"{Escape(agentSocket).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""],
        'A' => [],
        _ => flag.Words,
    });

    /// <summary>What a host with these keys proves itself with.</summary>
    internal static string HostKeyAlgorithms(IEnumerable<SshPublicKey> keys) =>
        string.Join(',', keys.Select(key => key.Type).Distinct().SelectMany(type => type == "ssh-rsa" ? (string[])["rsa-sha2-512", "rsa-sha2-256"] : [type]));

    /// <summary>This program as the command that ssh runs by a shell to get there.</summary>
    /// <param name="program">The words that start this program.</param>
    internal static string ProxyCommand(string directory, IReadOnlyList<string>? program = null) =>
        string.Join(' ', [.. (program ?? Self()).Select(Quote), "ssh", "proxy", "--data", Quote(directory), "%h", "%p"]);

    /// <summary>A word for a shell, in which ssh finds nothing to replace. ssh counts quotes by its own rules, in which a backslash counts between them, too: it stands outside.</summary>
    private static string Quote(string word) =>
        "'" + string.Concat(Escape(word).Select(letter => letter is '\'' or '\\' ? $"'\\{letter}'" : letter.ToString())) + "'";

    private static string Escape(string word) => word.Replace("%", "%%", StringComparison.Ordinal);

    /// <summary>The program's own file; behind the runtime's where that was started with it.</summary>
    private static string[] Self()
    {
        string program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? [program, Environment.GetCommandLineArgs()[0]]
            : [program];
    }
}
