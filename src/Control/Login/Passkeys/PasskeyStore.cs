using System.Buffers.Text;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Identity;

namespace Keyhole.Control;

/// <summary>Passkeys in the database, and the little of Identity's store that its passkey handler asks for. The rest of it is not used.</summary>
internal sealed class PasskeyStore(Database database, AuditLog audit, Accounts accounts) : IUserPasskeyStore<Account>
{
    public const int MaximumPerAccount = 20;

    public IReadOnlyList<UserPasskeyInfo> List(long account) => database.Read(connection =>
        connection.Query<PasskeyRow>("SELECT * FROM passkey WHERE account = @Account ORDER BY created_at, id", new { Account = account }).Select(ToInfo).ToList());

    /// <exception cref="OperatorException">The account has more than enough, or the passkey is somebody's already.</exception>
    public void Add(Account account, UserPasskeyInfo passkey, Actor actor) => database.Write((connection, transaction) =>
    {
        if (connection.ExecuteScalar<long>("SELECT COUNT(*) FROM passkey WHERE account = @Id", new { account.Id }, transaction) >= MaximumPerAccount)
            throw new OperatorException($"an account has at most {MaximumPerAccount} passkeys: remove one first");
        int added = connection.Execute(
            """
            INSERT INTO passkey (id, account, name, public_key, sign_count, transports, user_verified, backup_eligible, backed_up, created_at)
            VALUES (@Id, @Account, @Name, @PublicKey, @SignCount, @Transports, @Verified, @Eligible, @BackedUp, @CreatedAt)
            ON CONFLICT (id) DO NOTHING
            """,
            new
            {
                Id = Base64Url.EncodeToString(passkey.CredentialId),
                Account = account.Id,
                Name = LoginSessions.Clean(passkey.Name ?? "passkey"),
                PublicKey = Convert.ToBase64String(passkey.PublicKey),
                SignCount = (long)passkey.SignCount,
                Transports = JsonSerializer.Serialize(passkey.Transports ?? [], LoginJson.Default.StringArray),
                Verified = passkey.IsUserVerified ? 1 : 0,
                Eligible = passkey.IsBackupEligible ? 1 : 0,
                BackedUp = passkey.IsBackedUp ? 1 : 0,
                CreatedAt = passkey.CreatedAt.ToUnixTimeMilliseconds(),
            },
            transaction);
        if (added == 0)
            throw new OperatorException("this passkey is registered already");
        audit.Append(connection, transaction, null, new AuditEntry(actor, "add-passkey", $"account {account.Email}", null, LoginSessions.Clean(passkey.Name ?? "passkey")));
    });

    /// <returns>False when the account has no such passkey.</returns>
    public bool Remove(Account account, string id, Actor actor) => database.Write((connection, transaction) =>
    {
        if (connection.Execute("DELETE FROM passkey WHERE id = @Id AND account = @Account", new { Id = id, Account = account.Id }, transaction) == 0)
            return false;
        audit.Append(connection, transaction, null, new AuditEntry(actor, "remove-passkey", $"account {account.Email}", id));
        return true;
    });

    /// <summary>Notes that a passkey was used: its counter goes up, so that a copy of it is noticed.</summary>
    public void NoteUse(UserPasskeyInfo passkey) => database.Write((connection, transaction) =>
    {
        connection.Execute(
            "UPDATE passkey SET sign_count = @SignCount, backed_up = @BackedUp WHERE id = @Id",
            new { SignCount = (long)passkey.SignCount, BackedUp = passkey.IsBackedUp ? 1 : 0, Id = Base64Url.EncodeToString(passkey.CredentialId) }, transaction);
    });

    public Task<Account?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken)
    {
        long? owner = database.Read(connection => connection.QuerySingleOrDefault<long?>("SELECT account FROM passkey WHERE id = @Id", new { Id = Base64Url.EncodeToString(credentialId) }));
        return Task.FromResult(owner is { } id ? accounts.Find(id) : null);
    }

    public Task<UserPasskeyInfo?> FindPasskeyAsync(Account user, byte[] credentialId, CancellationToken cancellationToken) =>
        Task.FromResult(List(user.Id).FirstOrDefault(passkey => passkey.CredentialId.AsSpan().SequenceEqual(credentialId)));

    public Task<IList<UserPasskeyInfo>> GetPasskeysAsync(Account user, CancellationToken cancellationToken) => Task.FromResult<IList<UserPasskeyInfo>>([.. List(user.Id)]);

    public Task<Account?> FindByIdAsync(string userId, CancellationToken cancellationToken) =>
        Task.FromResult(long.TryParse(userId, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long id) ? accounts.Find(id) : null);

    public Task<string> GetUserIdAsync(Account user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public Task<string?> GetUserNameAsync(Account user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task AddOrUpdatePasskeyAsync(Account user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task RemovePasskeyAsync(Account user, byte[] credentialId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Account?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> GetNormalizedUserNameAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetUserNameAsync(Account user, string? userName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetNormalizedUserNameAsync(Account user, string? normalizedName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> CreateAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> UpdateAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> DeleteAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private static UserPasskeyInfo ToInfo(PasskeyRow row) => new(
        Base64Url.DecodeFromChars(row.Id), Convert.FromBase64String(row.PublicKey), DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), (uint)row.SignCount,
        JsonSerializer.Deserialize(row.Transports, LoginJson.Default.StringArray), row.UserVerified != 0, row.BackupEligible != 0, row.BackedUp != 0, [], [])
    {
        Name = row.Name,
    };

    private sealed class PasskeyRow
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public string PublicKey { get; init; } = "";
        public long SignCount { get; init; }
        public string Transports { get; init; } = "";
        public long UserVerified { get; init; }
        public long BackupEligible { get; init; }
        public long BackedUp { get; init; }
        public long CreatedAt { get; init; }
    }
}
