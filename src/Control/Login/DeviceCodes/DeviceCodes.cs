using System.Data.Common;
using System.Net;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// Logs a machine in by a person at a browser (RFC 8628). A code lives ten minutes, is good once, and belongs to the account that
/// approved it. The token is made when the machine fetches it, never before.
/// </summary>
internal sealed class DeviceCodes(Database database, AuditLog audit, LoginSessions sessions, TimeProvider time)
{
    public const int MaximumWaiting = 1000;

    public static readonly TimeSpan Life = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>What "slow_down" adds (section 3.5).</summary>
    private static readonly TimeSpan Slower = TimeSpan.FromSeconds(5);

    /// <summary>Early by less than this is not too early: networks have jitter.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);

    /// <exception cref="LoginBusyException">Too many machines wait already.</exception>
    public DeviceGrant Begin(string client, IPAddress? address) => database.Write((connection, transaction) =>
    {
        long now = Now;
        connection.Execute("DELETE FROM device_code WHERE expires_at <= @Now", new { Now = now }, transaction);
        if (connection.ExecuteScalar<long>("SELECT COUNT(*) FROM device_code", transaction: transaction) >= MaximumWaiting)
            throw new LoginBusyException();
        string code = SessionToken.Plain(), userCode;
        do
            userCode = UserCode.New();
        while (connection.ExecuteScalar<long>("SELECT COUNT(*) FROM device_code WHERE user_code = @Code", new { Code = userCode }, transaction) != 0);
        connection.Execute(
            """
            INSERT INTO device_code (hash, user_code, client, address, created_at, expires_at, next_poll_at, poll_interval, decision)
            VALUES (@Hash, @UserCode, @Client, @Address, @Now, @Expires, @Now, @Interval, 'none')
            """,
            new
            {
                Hash = SessionToken.Hash(code),
                UserCode = userCode,
                Client = LoginSessions.Clean(client),
                Address = address?.ToString(),
                Now = now,
                Expires = now + (long)Life.TotalMilliseconds,
                Interval = (long)Interval.TotalMilliseconds,
            },
            transaction);
        return new DeviceGrant(code, userCode, Life, Interval);
    });

    /// <summary>The machine that waits with a user code; null when none does, or it was decided.</summary>
    public DeviceRequest? Find(string userCode) => database.Read(connection => connection.QuerySingleOrDefault<CodeRow>(
        "SELECT * FROM device_code WHERE user_code = @Code AND decision = 'none' AND expires_at > @Now", new { Code = userCode, Now }))
        is { } row ? new DeviceRequest(row.UserCode, row.Client, row.Address, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt)) : null;

    /// <summary>Lets the machine log in as the account, or turns it away.</summary>
    /// <returns>False when nothing waits with this code any more.</returns>
    public bool Decide(string userCode, Account account, bool approve, Actor actor) => database.Write((connection, transaction) =>
    {
        int changed = connection.Execute(
            "UPDATE device_code SET decision = @Decision, account = @Account WHERE user_code = @Code AND decision = 'none' AND expires_at > @Now",
            new { Decision = approve ? "approved" : "denied", Account = approve ? account.Id : (long?)null, Code = userCode, Now }, transaction);
        if (changed == 1)
        {
            string client = connection.QuerySingle<string>("SELECT client FROM device_code WHERE user_code = @Code", new { Code = userCode }, transaction);
            audit.Append(connection, transaction, null, new AuditEntry(actor, approve ? "approve-login" : "deny-login", $"account {account.Email}", null, client));
        }

        return changed == 1;
    });

    /// <summary>A waiting machine asks.</summary>
    public DevicePoll Poll(string deviceCode, IPAddress? address)
    {
        // A guess must not keep those waiting who write.
        if (SessionToken.Hash(deviceCode) is not { } hash
            || database.Read(connection => connection.ExecuteScalar<long>("SELECT COUNT(*) FROM device_code WHERE hash = @Hash AND expires_at > @Now", new { Hash = hash, Now })) == 0)
            return new DevicePoll(DevicePoll.Expired);
        var (poll, surplus) = database.Write((connection, transaction) => Poll(connection, transaction, hash, address));
        if (poll.Session is { } session)
            sessions.Release(surplus, $"user {session.Email}");
        return poll;
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private (DevicePoll Poll, IReadOnlyList<EndedSession> Surplus) Poll(DbConnection connection, DbTransaction transaction, string hash, IPAddress? address)
    {
        var row = connection.QuerySingleOrDefault<CodeRow>($"SELECT * FROM device_code WHERE hash = @Hash{database.LockClause}", new { Hash = hash }, transaction);
        long now = Now;
        if (row is null || row.ExpiresAt <= now)
            return (new DevicePoll(DevicePoll.Expired), []);
        bool early = now + Tolerance.TotalMilliseconds < row.NextPollAt;
        long interval = row.PollInterval + (early ? (long)Slower.TotalMilliseconds : 0);
        if (early || row.Decision == "none")
        {
            connection.Execute("UPDATE device_code SET next_poll_at = @Next, poll_interval = @Interval WHERE hash = @Hash", new { Next = now + interval, Interval = interval, Hash = hash }, transaction);
            return (new DevicePoll(early ? DevicePoll.SlowDown : DevicePoll.Pending), []);
        }

        connection.Execute("DELETE FROM device_code WHERE hash = @Hash", new { Hash = hash }, transaction);
        if (row.Decision == "denied" || row.Account is not { } id || Accounts.Find(connection, transaction, id) is not { } account)
            return (new DevicePoll(DevicePoll.Denied), []);
        var (session, token, surplus) = sessions.Begin(connection, transaction, account, SessionKind.CommandLine, row.Client, address, "device code");
        return (new DevicePoll(null, session, token), surplus);
    }

    private sealed class CodeRow
    {
        public string UserCode { get; init; } = "";
        public string Client { get; init; } = "";
        public string? Address { get; init; }
        public long CreatedAt { get; init; }
        public long ExpiresAt { get; init; }
        public long NextPollAt { get; init; }
        public long PollInterval { get; init; }
        public string Decision { get; init; } = "";
        public long? Account { get; init; }
    }
}
