using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Edge;
using Keyhole.SshHost;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>What the operator says about auth daemons, and the daemons that come of it.</summary>
internal static class SshSettings
{
    private const int MaximumKeyFile = 4096;

    public static readonly Setting AuthDaemon = new("--auth-daemon", "", "Be the auth daemon of this host: make accounts for people who log in to it by SSH. Needs root.") { IsSwitch = true };

    public static readonly Setting PreSharedKeyFile = new("--ad-pre-shared-key-file", "FILE", "A file that holds the key that the auth daemons of other hosts were started with: at least 24 characters.");

    private static readonly Setting PreSharedKey = new("--ad-pre-shared-key", "KEY", "The key itself, where every user of this machine can read it: prefer the file, or the variable.");

    private static readonly Setting State = new("--ad-state", "DIR", "With --auth-daemon: where it keeps what it knows, of root alone.") { Default = AuthDaemonOptions.Default.StateDirectory };

    private static readonly Setting SshDirectory = new("--ad-ssh-directory", "DIR", "With --auth-daemon: what the SSH server reads.") { Default = AuthDaemonOptions.Default.SshDirectory };

    private static readonly Setting IdleDays = new("--ad-idle-days", "DAYS", "With --auth-daemon: lock an account that nobody has logged in to for so long.") { Default = "90" };

    public static IReadOnlyList<Setting> All { get; } = [AuthDaemon, PreSharedKeyFile, PreSharedKey, State, SshDirectory, IdleDays];

    /// <param name="key">The connector's own, which stays the caller's: by it daemons know who speaks.</param>
    /// <exception cref="AgentException">A setting is wrong, or this process may not be an auth daemon.</exception>
    public static SiteDaemons Open(SettingValues values, PrivateKey key, ILoggerFactory loggers)
    {
        var addresses = new SiteAddresses(HostLookup.AskAsync, HostAddresses.Read, SiteAddresses.OfThisHost);
        try
        {
            var remote = Key(values, loggers.CreateLogger("ssh")) is { } preSharedKey ? new RemoteAuthDaemon(preSharedKey, key, addresses.DialAsync) : null;
            var local = values.IsOn(AuthDaemon) ? LocalAuthDaemon.Open(AuthDaemonOptions.From(values, State, SshDirectory, IdleDays), loggers.CreateLogger("auth-daemon"), TimeProvider.System, key.PublicKey) : null;
            return new SiteDaemons(local, remote, addresses);
        }
        catch (AuthDaemonException e)
        {
            throw new AgentException(e.Message, e);
        }
    }

    /// <summary>The pre-shared key; null where nobody gave one.</summary>
    /// <exception cref="AgentException">It was given twice, or its file cannot be read.</exception>
    internal static string? Key(SettingValues values, ILogger logger)
    {
        if (values.FindEither(PreSharedKey, PreSharedKeyFile) is not var (value, source, isFile))
            return null;
        if (isFile)
            return FromFile(value, logger);
        if (source == SettingSource.Flag)
            SshLog.KeyOnCommandLine(logger, PreSharedKeyFile.Flag);
        return value.Trim();
    }

    private static string FromFile(string path, ILogger logger)
    {
        try
        {
            using var stream = File.OpenRead(path);
            byte[] bytes = new byte[MaximumKeyFile];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length == bytes.Length)
                throw new AgentException($"The file {path} is too long for a pre-shared key.");
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                SshLog.KeyFileOpen(logger, path);
            return System.Text.Encoding.UTF8.GetString(bytes, 0, length).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new AgentException($"The file {path} with the pre-shared key cannot be read: {e.Message}", e);
        }
    }
}
