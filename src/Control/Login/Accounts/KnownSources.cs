using System.Data.Common;
using System.Net;
using Dapper;

namespace Keyhole.Control;

/// <summary>From where an account has logged in before: browsers by a cookie that says nothing else, and addresses. What others do elsewhere does not slow these down.</summary>
internal sealed class KnownSources(Database database, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromDays(180);

    private const int MaximumPerAccount = 20;
    private static readonly TimeSpan AddressLife = TimeSpan.FromDays(30);

    /// <summary>The hash of a browser's token when it is known for this account; else null.</summary>
    /// <param name="account">0 for an account that does not exist: the same is asked.</param>
    public string? FindBrowser(long account, string? token)
    {
        string? hash = token is null ? null : SessionToken.Hash(token);
        return database.Read(connection => connection.QuerySingleOrDefault<string>(
            "SELECT hash FROM known_browser WHERE hash = @Hash AND account = @Account AND used_at > @Since",
            new { Hash = hash ?? "", Account = account, Since = (time.GetUtcNow() - Life).ToUnixTimeMilliseconds() }));
    }

    public bool IsKnown(long account, IPAddress address) => database.Read(connection => connection.ExecuteScalar<long>(
        "SELECT COUNT(*) FROM known_address WHERE account = @Account AND prefix = @Prefix AND used_at > @Since",
        new { Account = account, Prefix = LoginLimiter.Prefix(address), Since = (time.GetUtcNow() - AddressLife).ToUnixTimeMilliseconds() }) != 0);

    /// <summary>Remembers where an account just logged in from.</summary>
    /// <param name="token">The browser's token, a new one or the one it has; null for what is no browser.</param>
    public void Remember(long account, IPAddress? address, string? token) => database.Write((connection, transaction) =>
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (address is not null)
        {
            connection.Execute(
                "INSERT INTO known_address (account, prefix, used_at) VALUES (@Account, @Prefix, @Now) ON CONFLICT (account, prefix) DO UPDATE SET used_at = @Now",
                new { Account = account, Prefix = LoginLimiter.Prefix(address), Now = now }, transaction);
        }

        if (token is not null)
        {
            connection.Execute(
                "INSERT INTO known_browser (hash, account, used_at) VALUES (@Hash, @Account, @Now) ON CONFLICT (hash) DO UPDATE SET used_at = @Now, account = @Account",
                new { Hash = SessionToken.Hash(token), Account = account, Now = now }, transaction);
        }

        foreach (string table in (string[])["known_browser", "known_address"])
        {
            connection.Execute(
                $"DELETE FROM {table} WHERE account = @Account AND used_at < (SELECT MIN(used_at) FROM (SELECT used_at FROM {table} WHERE account = @Account ORDER BY used_at DESC LIMIT {MaximumPerAccount}) AS newest)",
                new { Account = account }, transaction);
        }
    });

    /// <summary>Whoever has the account now has to show it anew.</summary>
    public static void Forget(DbConnection connection, DbTransaction transaction, long account)
    {
        connection.Execute("DELETE FROM known_browser WHERE account = @Account", new { Account = account }, transaction);
        connection.Execute("DELETE FROM known_address WHERE account = @Account", new { Account = account }, transaction);
    }
}
