using System.Data.Common;
using System.Net;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// The login sessions of all accounts. Tokens are random and stored hashed; each login makes a new one. A session that ends takes the
/// devices along that were enrolled with it, in every organisation.
/// </summary>
internal sealed class LoginSessions(Database database, AuditLog audit, Networks networks, TimeProvider time) : ILoginSessions
{
    public const int MaximumClientLength = 100;

    /// <summary>More than a person has; the oldest ends.</summary>
    private const int MaximumPerAccount = 50;

    public static readonly TimeSpan BrowserLife = TimeSpan.FromDays(7);
    public static readonly TimeSpan BrowserIdle = TimeSpan.FromHours(12);
    public static readonly TimeSpan CommandLineLife = TimeSpan.FromDays(30);
    private static readonly TimeSpan NotedEvery = TimeSpan.FromMinutes(1);

    /// <summary>Begins a session.</summary>
    /// <returns>Its token, which is nowhere else.</returns>
    public (LoginSession Session, string Token) Begin(Account account, SessionKind kind, string client, IPAddress? address, string how)
    {
        var (session, token, ended) = database.Write((connection, transaction) =>
        {
            var (begun, secret) = Begin(connection, transaction, account, kind, client, address, how);
            return (begun, secret, Trim(connection, transaction, account.Id));
        });
        foreach (long id in ended)
            Release(id, $"user {account.Email}");
        return (session, token);
    }

    /// <summary>As <see cref="Begin(Account, SessionKind, string, IPAddress?, string)"/>, within a transaction.</summary>
    public (LoginSession Session, string Token) Begin(
        DbConnection connection, DbTransaction transaction, Account account, SessionKind kind, string client, IPAddress? address, string how)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var expires = now + (kind == SessionKind.Browser ? BrowserLife : CommandLineLife);
        string token = SessionToken.New();
        connection.Execute("DELETE FROM login_session WHERE expires_at <= @Now", new { Now = now.ToUnixTimeMilliseconds() }, transaction);
        long id = connection.QuerySingle<long>(
            """
            INSERT INTO login_session (account, token_hash, kind, client, address, created_at, used_at, expires_at)
            VALUES (@Account, @Hash, @Kind, @Client, @Address, @Now, @Now, @Expires) RETURNING id
            """,
            new
            {
                Account = account.Id,
                Hash = SessionToken.Hash(token),
                Kind = Text(kind),
                Client = Clean(client),
                Address = address?.ToString(),
                Now = now.ToUnixTimeMilliseconds(),
                Expires = expires.ToUnixTimeMilliseconds(),
            },
            transaction);
        audit.Append(connection, transaction, null, new AuditEntry(new Actor($"user {account.Email}", address?.ToString()), "login", $"account {account.Email}", null, how));
        return (new LoginSession(id, account.Id, account.Email, account.IsServerAdmin, now, expires) { Organisations = AccountOrganisations.Of(connection, transaction, account.Id) }, token);
    }

    public LoginSession? Find(string token, DateTimeOffset now)
    {
        if (!token.StartsWith(SessionToken.Prefix, StringComparison.Ordinal) || SessionToken.Hash(token) is not { } hash)
            return null;
        var row = database.Read(connection => connection.QuerySingleOrDefault<SessionRow>(
            """
            SELECT login_session.id, login_session.account AS account, email, server_admin, kind, client, address, login_session.created_at, used_at, expires_at
            FROM login_session JOIN account ON account.id = login_session.account WHERE token_hash = @Hash
            """,
            new { Hash = hash }));
        if (row is null || now.ToUnixTimeMilliseconds() >= row.ExpiresAt || IsIdle(row, now))
            return null;
        if (now.ToUnixTimeMilliseconds() - row.UsedAt >= NotedEvery.TotalMilliseconds)
            database.Write((connection, transaction) => connection.Execute("UPDATE login_session SET used_at = @Now WHERE id = @Id", new { Now = now.ToUnixTimeMilliseconds(), row.Id }, transaction));
        return new LoginSession(
            row.Id, row.Account, row.Email, row.ServerAdmin != 0, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt))
        {
            Organisations = database.Read(connection => AccountOrganisations.Of(connection, null, row.Account)),
        };
    }

    /// <summary>The sessions of an account that are not over, the last used first.</summary>
    public IReadOnlyList<SessionEntry> List(long account)
    {
        var now = time.GetUtcNow();
        return database.Read(connection => connection.Query<SessionRow>(
                "SELECT id, account, kind, client, address, created_at, used_at, expires_at FROM login_session WHERE account = @Account AND expires_at > @Now ORDER BY used_at DESC, id DESC",
                new { Account = account, Now = now.ToUnixTimeMilliseconds() }).ToList())
            .Where(row => !IsIdle(row, now))
            .Select(row => new SessionEntry(
                row.Id, Kind(row.Kind), row.Client, row.Address, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
                DateTimeOffset.FromUnixTimeMilliseconds(row.UsedAt), DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt)))
            .ToList();
    }

    /// <summary>Ends a session of an account, and the tunnels of the devices that were enrolled with it.</summary>
    /// <returns>False when the account has no such session.</returns>
    public bool End(Account account, long session, Actor actor)
    {
        bool ended = database.Write((connection, transaction) =>
        {
            if (connection.Execute("DELETE FROM login_session WHERE id = @Id AND account = @Account", new { Id = session, Account = account.Id }, transaction) == 0)
                return false;
            audit.Append(connection, transaction, null, new AuditEntry(actor, "end-session", $"account {account.Email}", $"session {session}"));
            return true;
        });
        if (ended)
            Release(session, actor.Name);
        return ended;
    }

    /// <summary>Ends all sessions of an account but one.</summary>
    public void EndOthers(Account account, long? kept, Actor actor)
    {
        foreach (var entry in List(account.Id).Where(entry => entry.Id != kept))
            End(account, entry.Id, actor);
    }

    /// <summary>Takes out of the networks what was enrolled with sessions that are gone: the server may have stopped between the two.</summary>
    public void EndOrphans()
    {
        var present = database.Read(connection => connection.Query<long>("SELECT id FROM login_session").ToHashSet());
        foreach (long session in networks.All.SelectMany(network => network.Ledger.State.Credentials).Select(credential => credential.Session).OfType<long>().Distinct().Where(id => !present.Contains(id)).ToList())
            Release(session, Actor.Time.Name);
    }

    private void Release(long session, string actor)
    {
        // Every network is asked, whatever is known of it here: another process may have enrolled a device just now.
        foreach (var network in networks.All)
        {
            network.Ledger.Change(
                state => Transitions.EndSession(state, session),
                (before, after) => new AuditEntry(new Actor(actor, null), "end-session", $"session {session}", string.Join(", ", before.Credentials.Except(after.Credentials).Select(credential => credential.Id))));
        }
    }

    private static List<long> Trim(DbConnection connection, DbTransaction transaction, long account)
    {
        var surplus = connection.Query<long>(
            $"SELECT id FROM login_session WHERE account = @Account ORDER BY used_at DESC, id DESC LIMIT 1000 OFFSET {MaximumPerAccount}", new { Account = account }, transaction).ToList();
        foreach (long id in surplus)
            connection.Execute("DELETE FROM login_session WHERE id = @Id", new { Id = id }, transaction);
        return surplus;
    }

    private static bool IsIdle(SessionRow row, DateTimeOffset now) =>
        Kind(row.Kind) == SessionKind.Browser && now.ToUnixTimeMilliseconds() - row.UsedAt >= BrowserIdle.TotalMilliseconds;

    private static string Text(SessionKind kind) => kind == SessionKind.Browser ? "browser" : "command-line";

    private static SessionKind Kind(string text) => text == "browser" ? SessionKind.Browser : SessionKind.CommandLine;

    /// <summary>What a client says about itself is shown to people: one line, not long.</summary>
    public static string Clean(string text)
    {
        string line = new([.. text.Where(letter => !char.IsControl(letter) && !char.IsSurrogate(letter) && char.GetUnicodeCategory(letter) != System.Globalization.UnicodeCategory.Format)]);
        return line.Length > MaximumClientLength ? line[..MaximumClientLength] : line;
    }

    private sealed class SessionRow
    {
        public long Id { get; init; }
        public long Account { get; init; }
        public string Email { get; init; } = "";
        public long ServerAdmin { get; init; }
        public string Kind { get; init; } = "";
        public string Client { get; init; } = "";
        public string? Address { get; init; }
        public long CreatedAt { get; init; }
        public long UsedAt { get; init; }
        public long ExpiresAt { get; init; }
    }
}
