using Dapper;

namespace Keyhole.Control;

/// <summary>Whether an organisation keeps an owner who can log in: an address without an account owns nothing that anybody could use.</summary>
internal static class OwnerAccounts
{
    /// <exception cref="OperatorException">The last owner who can log in would go.</exception>
    public static void Check(Database database, int organisation, NetworkState before, NetworkState after)
    {
        var had = Owners(before);
        var has = Owners(after);
        if (had.IsSubsetOf(has))
            return;
        var able = database.Read(connection => connection.Query<string>(
            """
            SELECT email_key FROM account WHERE email_key IN @Keys
                AND (confined = 0 OR EXISTS (SELECT 1 FROM account_organisation WHERE account_organisation.account = account.id AND organisation = @Organisation))
                AND (password IS NOT NULL OR EXISTS (SELECT 1 FROM passkey WHERE passkey.account = account.id)
                    OR EXISTS (SELECT 1 FROM openid_identity WHERE openid_identity.account = account.id))
            """,
            new { Keys = had.Union(has).ToArray(), Organisation = organisation }).ToHashSet(StringComparer.Ordinal));
        if (had.FirstOrDefault(able.Contains) is { } last && !has.Any(able.Contains))
            throw new OperatorException($"{last} is the last owner of {before.Organisation} who can log in: give another user with an account the role \"{FixedRoles.Owner}\" first");
    }

    /// <summary>By <see cref="Account.KeyOf"/>.</summary>
    private static HashSet<string> Owners(NetworkState state)
    {
        int? owner = state.Roles.FirstOrDefault(role => Names.Comparer.Equals(role.Name, FixedRoles.Owner))?.Id;
        return [.. state.Users.Where(user => !user.Disabled && owner is { } role && user.Roles.Contains(role)).Select(user => Account.KeyOf(user.Email))];
    }
}
