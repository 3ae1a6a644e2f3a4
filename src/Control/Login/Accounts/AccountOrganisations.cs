using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// Where an account counts. One that the operator made does wherever its address stands. One that an organisation made, by an invitation or by its own login
/// provider, has proven its address to nobody else: it counts in the organisations that took it in.
/// </summary>
internal static class AccountOrganisations
{
    /// <returns>Null for an account that is not confined.</returns>
    public static IReadOnlySet<int>? Of(DbConnection connection, DbTransaction? transaction, long account) =>
        connection.ExecuteScalar<long>("SELECT confined FROM account WHERE id = @Account", new { Account = account }, transaction) == 0
            ? null
            : connection.Query<long>("SELECT organisation FROM account_organisation WHERE account = @Account", new { Account = account }, transaction).Select(id => (int)id).ToHashSet();

    /// <summary>Whether an account counts in this organisation and nowhere else, so that it may speak for it. What others write among their users changes nothing.</summary>
    /// <param name="hasLeft">Told another organisation that took the account in: whether it has no such user any more, so that the account counts there no longer.</param>
    public static bool IsOwn(DbConnection connection, DbTransaction? transaction, Account account, int organisation, Func<int, bool>? hasLeft = null) =>
        !account.IsServerAdmin && Of(connection, transaction, account.Id) is { } all && all.Contains(organisation) && all.All(id => id == organisation || hasLeft?.Invoke(id) == true);

    /// <summary>The organisation takes the account in.</summary>
    public static void Add(DbConnection connection, DbTransaction transaction, long account, int organisation) => connection.Execute(
        "INSERT INTO account_organisation (account, organisation) VALUES (@Account, @Organisation) ON CONFLICT (account, organisation) DO NOTHING",
        new { Account = account, Organisation = organisation }, transaction);
}
