using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>The auth daemon of one or several hosts, in this process or behind HTTPS. Any thread; calls for one host wait for each other.</summary>
public interface IAuthDaemon : IAsyncDisposable
{
    /// <summary>
    /// Brings the host to what the row says: what its SSH server trusts and refuses, its host certificates, and who may log in. Accounts of everybody else are locked
    /// and their sessions ended. A row without users and without trusted keys takes the host out. The same row again changes nothing.
    /// </summary>
    /// <param name="organisation">Its short name, for people who read the host's files.</param>
    /// <exception cref="AuthDaemonException">That is not possible; the message is one line for people.</exception>
    Task<SshHostState> ReconcileAsync(string organisation, SshRow row, CancellationToken cancelled);

    /// <summary>Makes the account or brings it up to date, unlocks it, and says how a certificate names it.</summary>
    /// <exception cref="AuthDaemonException">That is not possible; the message is one line for the person who wants to log in.</exception>
    Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled);
}
