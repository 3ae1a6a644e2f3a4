namespace Keyhole.Control;

/// <summary>The roles that every organisation has. What they may do is set by the program, not by the database.</summary>
internal static class FixedRoles
{
    public const string Owner = "owner";
    public const string Admin = "admin";
    public const string Member = "member";

    public static ValueList<string> All { get; } = [Owner, Admin, Member];

    public static bool Contains(string name) => All.Contains(name, Names.Comparer);

    public static ValueList<string> PermissionsOf(string name) =>
        Names.Comparer.Equals(name, Owner) ? Permissions.All
        : Names.Comparer.Equals(name, Admin) ? Permissions.OfAdmin
        : Permissions.OfMember;

    /// <summary>Refuses a change that leaves an organisation without an owner who can log in, where it had one.</summary>
    /// <exception cref="OperatorException">The last owner would go.</exception>
    public static void CheckOwners(NetworkState before, NetworkState after)
    {
        if (Owners(before).FirstOrDefault() is { } last && !Owners(after).Any())
            throw new OperatorException($"{last.Email} is the last owner of {before.Organisation}: give another user the role \"{Owner}\" first");
    }

    private static IEnumerable<User> Owners(NetworkState state)
    {
        int? owner = state.Roles.FirstOrDefault(role => Names.Comparer.Equals(role.Name, Owner))?.Id;
        return state.Users.Where(user => !user.Disabled && owner is { } role && user.Roles.Contains(role));
    }
}
