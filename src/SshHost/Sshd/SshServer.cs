using System.Globalization;
using Keyhole.Ssh;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>The SSH server of this host, OpenSSH's: its keys, and how it is told to read its configuration again (sshd(8)).</summary>
internal sealed class SshServer
{
    private const string UsualFolder = "/etc/ssh";
    private const string UsualPidFile = "/run/sshd.pid";

    /// <summary>The order in which a client without preferences of its own takes them.</summary>
    private static readonly string[] TypesInOrder = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

    private readonly string _pidFile;

    private SshServer(IReadOnlyList<HostKey> keys, string pidFile)
    {
        Keys = keys;
        _pidFile = pidFile;
    }

    /// <summary>At least one; those first that clients prefer.</summary>
    public IReadOnlyList<HostKey> Keys { get; }

    /// <exception cref="AuthDaemonException">There is no SSH server, or it has no key that a certificate can be made for.</exception>
    public static async Task<SshServer> FindAsync()
    {
        if (HostProgram.Find("sshd") is null)
            throw new AuthDaemonException("This host has no SSH server: install openssh-server.");
        var settings = (await ReadSettingsAsync().ConfigureAwait(false)) ?? [];
        List<string> files = [.. settings.Where(setting => setting.Name == "hostkey").Select(setting => setting.Value)];
        if (files.Count == 0 && Directory.Exists(UsualFolder))
            files = [.. Directory.EnumerateFiles(UsualFolder, "ssh_host_*_key").Order(StringComparer.Ordinal)];
        List<HostKey> keys = [];
        foreach (string file in files.Where(file => File.Exists(file + ".pub")))
        {
            string line = await File.ReadAllTextAsync(file + ".pub").ConfigureAwait(false);
            if (SshPublicKey.Parse(line.Split('\n')[0]) is { } key && TypesInOrder.Contains(key.Type))
                keys.Add(new HostKey(Path.GetFileName(file), key));
        }

        if (keys.Count == 0)
            throw new AuthDaemonException("The SSH server of this host has no host key: run 'ssh-keygen -A' there.");
        string pidFile = settings.FirstOrDefault(setting => setting.Name == "pidfile").Value ?? UsualPidFile;
        return new SshServer([.. keys.OrderBy(key => Array.IndexOf(TypesInOrder, key.Key.Type))], pidFile);
    }

    /// <summary>What sshd says of its configuration (sshd(8), -T): names in lower case. Null when it does not say.</summary>
    /// <param name="login">For whom Match blocks are applied (-C); null: they are left out.</param>
    public static async Task<List<(string Name, string Value)>?> ReadSettingsAsync(SshdLogin? login = null)
    {
        // All that a Match block may ask for: sshd ends where one asks for what is not said.
        string[] match = login is null ? [] : ["-C", $"user={login.Account},host={login.Address},addr={login.Address},laddr={login.Address},lport=22,rdomain="];
        var result = await HostProgram.RunAsync("sshd", ["-T", .. match]).ConfigureAwait(false);
        return result.Status != 0 ? null : [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).Where(words => words.Length == 2).Select(words => (words[0], words[1]))];
    }

    /// <summary>Lets it read its configuration and host certificates again; sessions stay.</summary>
    public async Task ReloadAsync(ILogger log)
    {
        if (Directory.Exists("/run/systemd/system"))
        {
            foreach (string unit in new[] { "ssh.service", "sshd.service" })
            {
                if ((await HostProgram.RunAsync("systemctl", ["is-active", "--quiet", unit]).ConfigureAwait(false)).Status != 0)
                    continue;
                var reload = await HostProgram.RunAsync("systemctl", ["reload", unit]).ConfigureAwait(false);
                if (reload.Status == 0)
                    SshHostLog.Reloaded(log);
                else
                    SshHostLog.NotReloaded(log, reload.Said);
                return;
            }
        }

        // A server that is told to read a configuration that it refuses ends.
        var test = await HostProgram.RunAsync("sshd", ["-t"]).ConfigureAwait(false);
        if (test.Status != 0)
        {
            SshHostLog.NotReloaded(log, test.Said);
            return;
        }

        // A server that is not running reads them when it starts.
        if (ProcessId() is { } process && Signals.Send(process, Signals.Hangup))
            SshHostLog.Reloaded(log);
    }

    private int? ProcessId()
    {
        try
        {
            return int.TryParse(File.ReadAllText(_pidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && File.ReadAllText($"/proc/{process}/comm").Trim() == "sshd" ? process : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
