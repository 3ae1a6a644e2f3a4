using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>The auth daemons that this connector can ask: the one in its own process, and those of other hosts of the site.</summary>
/// <param name="local">Null without --auth-daemon.</param>
/// <param name="remote">Null without a pre-shared key.</param>
internal sealed class SiteDaemons(IAuthDaemon? local, IAuthDaemon? remote, SiteAddresses addresses) : IAsyncDisposable
{
    /// <summary>The daemon of a host.</summary>
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

        return target.Destination is not { } destination || await addresses.IsThisHostAsync(destination, cancelled)
            ? local
            : throw new AuthDaemonException(
                $"{destination} is not this connector's host: start the connector on that host with {SshSettings.AuthDaemon.Flag}, or set ssh.daemon: external on the resource.");
    }

    public async ValueTask DisposeAsync()
    {
        if (local is not null)
            await local.DisposeAsync();
        if (remote is not null)
            await remote.DisposeAsync();
    }
}
