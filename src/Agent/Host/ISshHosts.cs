using Keyhole.Contracts;

namespace Keyhole.Agent;

/// <summary>The part of an agent that stands between Control and the hosts that people log in to by SSH.</summary>
public interface ISshHosts
{
    /// <summary>Makes one account, or brings it up to date. Several may be under way at once.</summary>
    /// <param name="resource">The <see cref="SshRow.Resource"/> whose host it is.</param>
    /// <exception cref="AgentException">There is none to be had: one line for the person who wants to log in.</exception>
    Task<SshAccount> ProvisionAsync(int resource, SshAccountOrder order, CancellationToken cancelled);

    /// <summary>
    /// Tells what is known of every host of the table, at once, and from then on each change, in order, until the result is disposed.
    /// </summary>
    /// <param name="tell">May be called from any thread, one call at a time; returns without waiting for anything.</param>
    IDisposable Follow(Action<SshHostMessage> tell);
}
