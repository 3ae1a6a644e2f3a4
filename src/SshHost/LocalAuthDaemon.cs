using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>The auth daemon of this host; it needs root.</summary>
public sealed class LocalAuthDaemon : IAuthDaemon
{
    private readonly AuthDaemonOptions _options;

    private LocalAuthDaemon(AuthDaemonOptions options) => _options = options;

    /// <exception cref="AuthDaemonException">This is not root on Linux, or a directory cannot be used.</exception>
    public static LocalAuthDaemon Open(AuthDaemonOptions options, ILogger log, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new AuthDaemonException("The auth daemon makes accounts: run it as root, on Linux.");
        return new LocalAuthDaemon(options);
    }

    public Task<SshHostState> ReconcileAsync(string organisation, SshRow row, CancellationToken cancelled) =>
        throw new AuthDaemonException($"Nothing is known about this host in {_options.StateDirectory}.");

    public Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled) =>
        throw new AuthDaemonException($"Nothing is known about this host in {_options.StateDirectory}.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
