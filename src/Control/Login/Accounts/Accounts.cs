using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>The accounts of this server, in the database.</summary>
internal sealed class Accounts(Database database, AuditLog audit, TimeProvider time)
{
    private const string Columns = "id, email, password, sealed_totp, pending_totp, totp_step, server_admin, created_at";

    public Account? Find(string email) => database.Read(connection => Find(connection, null, email));

    public static Account? Find(DbConnection connection, DbTransaction? transaction, string email) => ToAccount(
        connection.QuerySingleOrDefault<AccountRow>($"SELECT {Columns} FROM account WHERE email_key = @Key", new { Key = Account.KeyOf(email) }, transaction));

    public Account? Find(long id) => database.Read(connection => Find(connection, null, id));

    public static Account? Find(DbConnection connection, DbTransaction? transaction, long id) => ToAccount(
        connection.QuerySingleOrDefault<AccountRow>($"SELECT {Columns} FROM account WHERE id = @Id", new { Id = id }, transaction));

    public IReadOnlyList<Account> All() => database.Read(connection =>
        connection.Query<AccountRow>($"SELECT {Columns} FROM account ORDER BY email_key").Select(row => ToAccount(row)!).ToList());

    public bool Any() => database.Read(connection => connection.ExecuteScalar<long>("SELECT COUNT(*) FROM account") != 0);

    /// <summary>Adds an account within a transaction.</summary>
    /// <param name="organisation">The one that makes it, and that alone it counts in; null: the operator does.</param>
    /// <exception cref="OperatorException">There is one of this address already, or the address is none.</exception>
    public Account Create(DbConnection connection, DbTransaction transaction, string email, string? passwordHash, bool isServerAdmin, int? organisation = null)
    {
        if (!HostSyntax.IsEmail(email))
            throw new OperatorException("this is no e-mail address");
        if (Find(connection, transaction, email) is not null)
            throw new OperatorException($"there is an account {email} already");
        connection.Execute(
            "INSERT INTO account (email, email_key, password, totp_step, server_admin, confined, created_at) VALUES (@Email, @Key, @Password, 0, @Admin, @Confined, @Now)",
            new { Email = email, Key = Account.KeyOf(email), Password = passwordHash, Admin = isServerAdmin ? 1 : 0, Confined = organisation is null ? 0 : 1, Now = time.GetUtcNow().ToUnixTimeMilliseconds() },
            transaction);
        var made = Find(connection, transaction, email)!;
        if (organisation is { } id)
            AccountOrganisations.Add(connection, transaction, made.Id, id);
        return made;
    }

    /// <summary>Gives an account another address, within a transaction. Its sessions, passkeys and identities at login providers stay.</summary>
    /// <exception cref="OperatorException">Another account has it, or it is none.</exception>
    public static void SetEmail(DbConnection connection, DbTransaction transaction, Account account, string email)
    {
        if (!HostSyntax.IsEmail(email))
            throw new OperatorException("this is no e-mail address");
        if (Find(connection, transaction, email) is { } other && other.Id != account.Id)
            throw new OperatorException($"there is an account {email} already");
        connection.Execute("UPDATE account SET email = @Email, email_key = @Key WHERE id = @Id", new { Email = email, Key = Account.KeyOf(email), account.Id }, transaction);
    }

    /// <summary>Gives an account another password, within a transaction.</summary>
    public void SetPassword(DbConnection connection, DbTransaction transaction, Account account, string hash, AuditEntry entry)
    {
        connection.Execute("UPDATE account SET password = @Hash WHERE id = @Id", new { Hash = hash, account.Id }, transaction);
        audit.Append(connection, transaction, null, entry);
    }

    /// <summary>The same password, hashed with more work. Nobody needs to know.</summary>
    public void Rehash(Account account, string hash) => database.Write((connection, transaction) =>
    {
        connection.Execute(
            "UPDATE account SET password = @Hash WHERE id = @Id AND password = @Old", new { Hash = hash, account.Id, Old = account.PasswordHash }, transaction);
    });

    public void SetServerAdmin(Account account, bool isServerAdmin, AuditEntry entry) => database.Write((connection, transaction) =>
    {
        connection.Execute("UPDATE account SET server_admin = @Admin WHERE id = @Id", new { Admin = isServerAdmin ? 1 : 0, account.Id }, transaction);
        audit.Append(connection, transaction, null, entry);
    });

    /// <summary>Keeps a key of one-time codes until the user has shown one of them.</summary>
    public void BeginTotp(Account account, string sealedKey) => database.Write((connection, transaction) =>
    {
        connection.Execute("UPDATE account SET pending_totp = @Key WHERE id = @Id", new { Key = sealedKey, account.Id }, transaction);
    });

    /// <summary>Makes the pending key the valid one, with new recovery codes.</summary>
    /// <param name="step">The step of the code that was shown: it is used.</param>
    /// <returns>False when another key is pending by now, or none: nothing was changed.</returns>
    public bool CompleteTotp(Account account, long step, IEnumerable<string> recoveryHashes, AuditEntry entry) => database.Write((connection, transaction) =>
    {
        if (connection.Execute(
            "UPDATE account SET sealed_totp = pending_totp, pending_totp = NULL, totp_step = @Step WHERE id = @Id AND pending_totp = @Pending",
            new { Step = step, account.Id, Pending = account.PendingTotp }, transaction) != 1)
            return false;
        Replace(connection, transaction, account.Id, recoveryHashes);
        audit.Append(connection, transaction, null, entry);
        return true;
    });

    /// <summary>Takes the second factor away: one-time codes, recovery codes and, where wanted, passkeys.</summary>
    public void RemoveSecondFactor(Account account, bool withPasskeys, AuditEntry entry) => database.Write((connection, transaction) =>
    {
        connection.Execute("UPDATE account SET sealed_totp = NULL, pending_totp = NULL WHERE id = @Id", new { account.Id }, transaction);
        Replace(connection, transaction, account.Id, []);
        if (withPasskeys)
            connection.Execute("DELETE FROM passkey WHERE account = @Id", new { account.Id }, transaction);
        audit.Append(connection, transaction, null, entry);
    });

    /// <summary>Whether a code of this step is used now for the first time.</summary>
    public bool UseTotp(Account account, long step) => database.Write((connection, transaction) =>
        connection.Execute("UPDATE account SET totp_step = @Step WHERE id = @Id AND totp_step < @Step", new { Step = step, account.Id }, transaction) == 1);

    public void SetRecoveryCodes(Account account, IEnumerable<string> hashes, AuditEntry entry) => database.Write((connection, transaction) =>
    {
        Replace(connection, transaction, account.Id, hashes);
        audit.Append(connection, transaction, null, entry);
    });

    /// <summary>Whether this was an unused recovery code. It is used now.</summary>
    public bool UseRecoveryCode(Account account, string hash) => database.Write((connection, transaction) =>
        connection.Execute("DELETE FROM recovery_code WHERE account = @Id AND hash = @Hash", new { account.Id, Hash = hash }, transaction) == 1);

    public int RecoveryCodesLeft(Account account) => (int)database.Read(connection =>
        connection.ExecuteScalar<long>("SELECT COUNT(*) FROM recovery_code WHERE account = @Id", new { account.Id }));

    private static void Replace(DbConnection connection, DbTransaction transaction, long account, IEnumerable<string> hashes)
    {
        connection.Execute("DELETE FROM recovery_code WHERE account = @Account", new { Account = account }, transaction);
        foreach (string hash in hashes)
            connection.Execute("INSERT INTO recovery_code (account, hash) VALUES (@Account, @Hash)", new { Account = account, Hash = hash }, transaction);
    }

    private static Account? ToAccount(AccountRow? row) => row is null ? null : new Account(
        row.Id, row.Email, row.Password, row.SealedTotp, row.PendingTotp, row.TotpStep, row.ServerAdmin != 0, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt));

    private sealed class AccountRow
    {
        public long Id { get; init; }
        public string Email { get; init; } = "";
        public string? Password { get; init; }
        public string? SealedTotp { get; init; }
        public string? PendingTotp { get; init; }
        public long TotpStep { get; init; }
        public long ServerAdmin { get; init; }
        public long CreatedAt { get; init; }
    }
}
