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
    /// <param name="version">Of the table that the row is from: what is older than what the host was told is a conflict.</param>
    /// <exception cref="AuthDaemonException">That is not possible; the message is one line for people.</exception>
    Task<SshHostState> ReconcileAsync(string organisation, SshRow row, RowVersion version, CancellationToken cancelled);

    /// <summary>Makes the account or brings it up to date, unlocks it, and says how a certificate names it. The host must have been told that the user may log in.</summary>
    /// <exception cref="AuthDaemonException">That is not possible; the message is one line for the person who wants to log in.</exception>
    Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled);
}
