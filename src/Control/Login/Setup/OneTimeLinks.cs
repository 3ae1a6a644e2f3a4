using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>Tokens that are good for one thing, once: the first account of a server, or another password for one.</summary>
internal sealed class OneTimeLinks(TimeProvider time)
{
    public const string Setup = "setup";
    public const string Password = "password";

    /// <summary>Makes a token. Older ones for the same thing are good no more.</summary>
    /// <param name="account">Null for <see cref="Setup"/>.</param>
    public string Make(DbConnection connection, DbTransaction transaction, string purpose, long? account, TimeSpan life)
    {
        string token = SessionToken.Plain();
        connection.Execute(
            account is null ? "DELETE FROM one_time_link WHERE purpose = @Purpose" : "DELETE FROM one_time_link WHERE purpose = @Purpose AND account = @Account",
            new { Purpose = purpose, Account = account }, transaction);
        connection.Execute(
            "INSERT INTO one_time_link (hash, purpose, account, expires_at) VALUES (@Hash, @Purpose, @Account, @Expires)",
            new { Hash = SessionToken.Hash(token), Purpose = purpose, Account = account, Expires = (time.GetUtcNow() + life).ToUnixTimeMilliseconds() }, transaction);
        return token;
    }

    /// <summary>Whether a token is good, without using it.</summary>
    public bool IsGood(DbConnection connection, string purpose, string token) => connection.ExecuteScalar<long>(
        "SELECT COUNT(*) FROM one_time_link WHERE hash = @Hash AND purpose = @Purpose AND expires_at > @Now", Parameters(purpose, token)) != 0;

    /// <summary>Uses a token. Of many who try at once, one succeeds.</summary>
    /// <param name="account">Whose it is; null for one that is nobody's.</param>
    public bool Use(DbConnection connection, DbTransaction transaction, string purpose, string token, out long? account)
    {
        object parameters = Parameters(purpose, token);
        account = connection.QuerySingleOrDefault<long?>("SELECT account FROM one_time_link WHERE hash = @Hash AND purpose = @Purpose", parameters, transaction);
        return connection.Execute("DELETE FROM one_time_link WHERE hash = @Hash AND purpose = @Purpose AND expires_at > @Now", parameters, transaction) == 1;
    }

    /// <summary>No link of the account is good any more.</summary>
    public static void Remove(DbConnection connection, DbTransaction transaction, long account) =>
        connection.Execute("DELETE FROM one_time_link WHERE account = @Account", new { Account = account }, transaction);

    private object Parameters(string purpose, string token) =>
        new { Hash = SessionToken.Hash(token) ?? "", Purpose = purpose, Now = time.GetUtcNow().ToUnixTimeMilliseconds() };
}
