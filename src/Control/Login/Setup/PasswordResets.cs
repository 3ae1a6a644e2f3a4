using System.Data.Common;
using System.Net;

namespace Keyhole.Control;

/// <summary>Another password for an account, by a link that the operator made on the server itself. There is no way to it from outside.</summary>
internal sealed class PasswordResets(
    Database database, AuditLog audit, Accounts accounts, OneTimeLinks links, PasswordChange change, PasswordHasher hasher)
{
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>Makes a link's token.</summary>
    public string Make(Account account, Actor actor) => database.Write((connection, transaction) =>
    {
        audit.Append(connection, transaction, null, new AuditEntry(actor, "make-password-link", $"account {account.Email}"));
        return links.Make(connection, transaction, OneTimeLinks.Password, account.Id, Life);
    });

    public bool IsGood(string token) => database.Read(connection => links.IsGood(connection, OneTimeLinks.Password, token));

    /// <summary>Sets the password that the link is for. All sessions of the account end, and every browser is a stranger again.</summary>
    /// <exception cref="OperatorException">The link is used or old, or the password is too easy.</exception>
    public async Task<Account> CompleteAsync(string token, string password, IPAddress? address, CancellationToken cancel)
    {
        if (!IsGood(token))
            throw NotGood();
        // The rules know the address only after the token is used: a password that fails them must not use it up.
        if (database.Read(connection => Dapper.SqlMapper.QuerySingleOrDefault<long?>(
            connection, "SELECT account FROM one_time_link WHERE hash = @Hash", new { Hash = SessionToken.Hash(token) })) is not { } id || accounts.Find(id) is not { } account)
            throw NotGood();
        if (PasswordRules.Problem(password, account.Email) is { } problem)
            throw new OperatorException(problem);
        string hash = await hasher.HashAsync(password, cancel);
        Set(account, hash, new Actor($"user {account.Email}", address?.ToString()), (connection, transaction) =>
        {
            if (!links.Use(connection, transaction, OneTimeLinks.Password, token, out _))
                throw NotGood();
        });
        return account;
    }

    /// <summary>Sets a password that the operator gave.</summary>
    public async Task SetAsync(Account account, string password, Actor actor, CancellationToken cancel)
    {
        if (PasswordRules.Problem(password, account.Email) is { } problem)
            throw new OperatorException(problem);
        Set(account, await hasher.HashAsync(password, cancel), actor);
    }

    private void Set(Account account, string hash, Actor actor, Action<DbConnection, DbTransaction>? first = null) => change.Set(
        account, hash, null, new AuditEntry(actor, "reset-password", $"account {account.Email}"), (connection, transaction) =>
        {
            first?.Invoke(connection, transaction);
            KnownSources.Forget(connection, transaction, account.Id);
        });

    private static OperatorException NotGood() => new("this link is used or older than an hour: the operator can make another");
}
