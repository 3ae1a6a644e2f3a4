using System.Data.Common;
using System.Net;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// The login sessions of all accounts. Tokens are random and stored hashed; each login makes a new one. A session that ends takes the
/// devices along that were enrolled with it, in every organisation.
/// </summary>
internal sealed class LoginSessions(Database database, AuditLog audit, Networks networks, TimeProvider time, ILogger log) : ILoginSessions
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
        var (session, token, surplus) = database.Write((connection, transaction) => Begin(connection, transaction, account, kind, client, address, how));
        Release(surplus, $"user {account.Email}");
        return (session, token);
    }

    /// <summary>As <see cref="Begin(Account, SessionKind, string, IPAddress?, string)"/>, within a transaction.</summary>
    /// <returns>Also the sessions that ended because there are too many: for <see cref="Release"/>, after the transaction.</returns>
    public (LoginSession Session, string Token, IReadOnlyList<EndedSession> Surplus) Begin(
        DbConnection connection, DbTransaction transaction, Account account, SessionKind kind, string client, IPAddress? address, string how)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var expires = now + (kind == SessionKind.Browser ? BrowserLife : CommandLineLife);
        string token = SessionToken.New();
        connection.Execute("DELETE FROM login_session WHERE expires_at <= @Now", new { Now = now.ToUnixTimeMilliseconds() }, transaction);
        connection.Execute("DELETE FROM ended_session WHERE until <= @Now", new { Now = now.ToUnixTimeMilliseconds() }, transaction);
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
        // Everybody locks sessions before the audit log.
        var surplus = Trim(connection, transaction, account.Id);
        audit.Append(connection, transaction, null, new AuditEntry(new Actor($"user {account.Email}", address?.ToString()), "login", $"account {account.Email}", null, how));
        var begun = new LoginSession(id, account.Id, account.Email, account.IsServerAdmin, now, expires) { Organisations = AccountOrganisations.Of(connection, transaction, account.Id) };
        return (begun, token, surplus);
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
            NoteUse(row.Id, now);
        return new LoginSession(
            row.Id, row.Account, row.Email, row.ServerAdmin != 0, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt))
        {
            Organisations = database.Read(connection => AccountOrganisations.Of(connection, null, row.Account)),
        };
    }

    public string? WhyOver(string token) => !token.StartsWith(SessionToken.Prefix, StringComparison.Ordinal) || SessionToken.Hash(token) is not { } hash
        ? null
        : database.Read(connection => connection.QuerySingleOrDefault<string>("SELECT reason FROM ended_session WHERE token_hash = @Hash", new { Hash = hash }));

    /// <summary>Ends sessions for a reason that their holders are told. What was enrolled with them is the caller's to take out.</summary>
    public static void EndBecause(DbConnection connection, DbTransaction transaction, IReadOnlyList<long> sessions, string reason)
    {
        foreach (long session in sessions)
        {
            connection.Execute("INSERT INTO ended_session (token_hash, reason, until) SELECT token_hash, @Reason, expires_at FROM login_session WHERE id = @Id", new { Id = session, Reason = reason }, transaction);
            connection.Execute("DELETE FROM login_session WHERE id = @Id", new { Id = session }, transaction);
        }
    }

    public bool Hold(DbConnection connection, DbTransaction transaction, long session) =>
        connection.QuerySingleOrDefault<long?>($"SELECT id FROM login_session WHERE id = @Id{database.LockClause}", new { Id = session }, transaction) is not null;

    /// <summary>The sessions of an account, the last used first: also those that a browser let rest, whose devices go on until they end.</summary>
    public IReadOnlyList<SessionEntry> List(long account)
    {
        var now = time.GetUtcNow();
        return database.Read(connection => connection.Query<SessionRow>(
                "SELECT id, account, kind, client, address, created_at, used_at, expires_at FROM login_session WHERE account = @Account AND expires_at > @Now ORDER BY used_at DESC, id DESC",
                new { Account = account, Now = now.ToUnixTimeMilliseconds() }).ToList())
            .Select(row => new SessionEntry(
                row.Id, Kind(row.Kind), row.Client, row.Address, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
                DateTimeOffset.FromUnixTimeMilliseconds(row.UsedAt), DateTimeOffset.FromUnixTimeMilliseconds(row.ExpiresAt), IsIdle(row, now)))
            .ToList();
    }

    /// <summary>Ends a session of an account, and the tunnels of the devices that were enrolled with it.</summary>
    /// <returns>False when the account has no such session.</returns>
    public bool End(Account account, long session, Actor actor)
    {
        var ended = database.Write((connection, transaction) => End(connection, transaction, account, [session], actor));
        Release(ended, actor.Name);
        return ended.Count != 0;
    }

    /// <summary>Ends all sessions of an account but one, and logins of machines that were approved and not fetched.</summary>
    public void EndOthers(Account account, long? kept, Actor actor) =>
        Release(database.Write((connection, transaction) => EndOthers(connection, transaction, account, kept, actor)), actor.Name);

    /// <summary>As <see cref="EndOthers(Account, long?, Actor)"/>, within a transaction.</summary>
    /// <returns>For <see cref="Release"/>, after the transaction.</returns>
    public IReadOnlyList<EndedSession> EndOthers(DbConnection connection, DbTransaction transaction, Account account, long? kept, Actor actor)
    {
        connection.Execute("DELETE FROM device_code WHERE account = @Id", new { account.Id }, transaction);
        var others = connection.Query<long>("SELECT id FROM login_session WHERE account = @Id", new { account.Id }, transaction).Where(id => id != kept).ToList();
        return End(connection, transaction, account, others, actor);
    }

    /// <summary>
    /// Takes what was enrolled with ended sessions out of the networks. Where that fails, the others go on; what is left is found by
    /// <see cref="EndOrphans"/>.
    /// </summary>
    public void Release(IEnumerable<EndedSession> ended, string actor)
    {
        foreach (var (session, organisations) in ended)
        {
            foreach (var network in networks.All.Where(network => organisations.Contains(network.Id)))
                TakeOut(network, session, actor);
        }
    }

    /// <summary>Takes out of the networks what was enrolled with sessions that are gone: the server may have stopped, or the disk been full, between the two.</summary>
    public void EndOrphans()
    {
        // In this order: a session that begins meanwhile is not among the first.
        var enrolled = networks.All.SelectMany(network => network.Ledger.State.Credentials.Select(credential => credential.Session).OfType<long>().Distinct().Select(session => (network, session))).ToList();
        if (enrolled.Count == 0)
            return;
        var present = database.Read(connection => connection.Query<long>("SELECT id FROM login_session").ToHashSet());
        foreach (var (network, session) in enrolled.Where(found => !present.Contains(found.session)))
            TakeOut(network, session, Actor.Time.Name);
    }

    private void TakeOut(Network network, long session, string actor)
    {
        try
        {
            network.Ledger.Change(
                state => Transitions.EndSession(state, session),
                (before, after) => new AuditEntry(new Actor(actor, null), "end-session", $"session {session}", string.Join(", ", before.Credentials.Except(after.Credentials).Select(credential => credential.Id))));
        }
        catch (OperatorException error)
        {
            log.Refused(error.Message);
        }
    }

    /// <summary>The row goes first: whoever enrols a device holds it, so that the networks that are named here are all.</summary>
    private List<EndedSession> End(DbConnection connection, DbTransaction transaction, Account account, IReadOnlyList<long> ids, Actor actor)
    {
        var ended = ids.Where(id => connection.Execute("DELETE FROM login_session WHERE id = @Id AND account = @Account", new { Id = id, Account = account.Id }, transaction) != 0)
            .Select(id => Ended(connection, transaction, id)).ToList();
        foreach (var (id, _) in ended)
            audit.Append(connection, transaction, null, new AuditEntry(actor, "end-session", $"account {account.Email}", $"session {id}"));
        return ended;
    }

    private static List<EndedSession> Trim(DbConnection connection, DbTransaction transaction, long account)
    {
        var surplus = connection.Query<long>(
            $"SELECT id FROM login_session WHERE account = @Account ORDER BY used_at DESC, id DESC LIMIT 1000 OFFSET {MaximumPerAccount}", new { Account = account }, transaction).ToList();
        foreach (long id in surplus)
            connection.Execute("DELETE FROM login_session WHERE id = @Id", new { Id = id }, transaction);
        return [.. surplus.Select(id => Ended(connection, transaction, id))];
    }

    private static EndedSession Ended(DbConnection connection, DbTransaction transaction, long id) => new(
        id, connection.Query<long>("SELECT DISTINCT organisation FROM credential WHERE session = @Id", new { Id = id }, transaction).Select(organisation => (int)organisation).ToHashSet());

    /// <summary>A full disk must not keep anybody from reading.</summary>
    private void NoteUse(long session, DateTimeOffset now)
    {
        try
        {
            database.Write((connection, transaction) => connection.Execute("UPDATE login_session SET used_at = @Now WHERE id = @Id", new { Now = now.ToUnixTimeMilliseconds(), Id = session }, transaction));
        }
        catch (OperatorException error)
        {
            log.Refused(error.Message);
        }
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
