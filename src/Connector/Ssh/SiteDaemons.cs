using System.Collections.Concurrent;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>The auth daemons that this connector can ask: the one in its own process, and those of other hosts of the site.</summary>
/// <param name="local">Null without --auth-daemon.</param>
/// <param name="remote">Null without a pre-shared key.</param>
internal sealed class SiteDaemons(IAuthDaemon? local, IAuthDaemon? remote, SiteAddresses addresses) : IAsyncDisposable
{
    /// <summary>What the daemon in this process was chosen for and has not been withdrawn from.</summary>
    private readonly ConcurrentDictionary<(string Authority, int Resource), bool> _own = new();

    /// <summary>
    /// The daemon of a host. Whether a destination is this host decides only whether the host is taken on: one that was is told
    /// who lost access also while its name leads nowhere, and nobody is let in any more when it leads elsewhere.
    /// </summary>
    /// <exception cref="AuthDaemonException">The connector was not started for it.</exception>
    public async Task<IAuthDaemon> ChooseAsync(SshTarget target, CancellationToken cancelled)
    {
        if (target.Row.Daemon is { } daemon)
        {
            if (remote is null)
            {
                throw new AuthDaemonException(
                    $"The connector has no pre-shared key for the auth daemon at {target.Daemon}: start it with {SshSettings.PreSharedKeyFile.Flag} FILE, the key that the daemon was started with.");
            }

            // Asked here too, so that the answer is said as it is and holds for an address as well.
            await addresses.DialAsync(daemon.Host, cancelled);
            return remote;
        }

        if (local is null)
        {
            throw new AuthDaemonException(
                $"No auth daemon runs on the host of {target.Name}: start the connector on that host with {SshSettings.AuthDaemon.Flag}, or set ssh.daemon: external on the resource.");
        }

        var resource = (target.Row.Authority, target.Row.Resource);
        if (target.IsWithdrawn)
        {
            _own.TryRemove(resource, out _);
            return local;
        }

        bool? isThisHost = target.Destination is not { } destination ? true : await addresses.IsThisHostAsync(destination, cancelled);
        if (isThisHost == true)
            _own[resource] = true;
        if (isThisHost ?? _own.ContainsKey(resource))
            return local;
        if (_own.ContainsKey(resource))
        {
            var gone = target.Withdrawn(target.Version);
            await local.ReconcileAsync(gone.Organisation, gone.Row, gone.Version, cancelled);
            _own.TryRemove(resource, out _);
        }

        throw new AuthDaemonException(
            $"{target.Destination} is not this connector's host: start the connector on that host with {SshSettings.AuthDaemon.Flag}, or set ssh.daemon: external on the resource.");
    }

    public async ValueTask DisposeAsync()
    {
        if (local is not null)
            await local.DisposeAsync();
        if (remote is not null)
            await remote.DisposeAsync();
    }
}
