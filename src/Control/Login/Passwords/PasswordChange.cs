using System.Data.Common;

namespace Keyhole.Control;

/// <summary>
/// Another password for an account. In the same transaction everything ends that the old one opened: other sessions, logins of machines
/// that were approved and not fetched, and links that set a password.
/// </summary>
internal sealed class PasswordChange(Database database, Accounts accounts, LoginSessions sessions)
{
    /// <param name="kept">The session that made the change and goes on; null for none.</param>
    /// <param name="first">Runs first in the transaction; throws to refuse.</param>
    public void Set(Account account, string hash, long? kept, AuditEntry entry, Action<DbConnection, DbTransaction>? first = null)
    {
        var ended = database.Write((connection, transaction) =>
        {
            first?.Invoke(connection, transaction);
            OneTimeLinks.Remove(connection, transaction, account.Id);
            var others = sessions.EndOthers(connection, transaction, account, kept, entry.Actor);
            accounts.SetPassword(connection, transaction, account, hash, entry);
            return others;
        });
        sessions.Release(ended, entry.Actor.Name);
    }
}
