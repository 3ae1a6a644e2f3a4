namespace Keyhole.Control;

/// <summary>The transitions by which people who log in become users of organisations.</summary>
internal static class OrganisationUsers
{
    public static User? Find(NetworkState state, string email) => state.Users.FirstOrDefault(user => Names.Comparer.Equals(user.Email, email));

    /// <summary>Adds a user, or gives one that is there more roles. Roles that do not exist are left out.</summary>
    public static NetworkState Add(NetworkState state, string email, IReadOnlyList<string> roles)
    {
        var ids = Ids(state, roles);
        if (Find(state, email) is { } user)
            return Set(state, user, user.Roles.Union(ids));
        var added = new User(state.Cursors.Id, email, ids.Order().ToValueList());
        return Next(state, state with { Users = state.Users.Append(added).ToValueList(), Cursors = state.Cursors with { Id = added.Id + 1 } });
    }

    /// <summary>Gives a user, of the roles that somebody else decides about, exactly those. All others it keeps.</summary>
    public static NetworkState Follow(NetworkState state, string email, IReadOnlyCollection<string> decided, IReadOnlyCollection<string> held)
    {
        if (Find(state, email) is not { } user)
            return state;
        return Set(state, user, user.Roles.Except(Ids(state, decided)).Union(Ids(state, held)));
    }

    /// <summary>How people write a user's name. No agent sees it.</summary>
    public static NetworkState Name(NetworkState state, string email, string? displayName) => Find(state, email) is { Disabled: false } user && user.DisplayName != displayName
        ? state with { Users = state.Users.Select(other => other.Id == user.Id ? other with { DisplayName = displayName } : other).ToValueList() }
        : state;

    /// <summary>Gives a user another address. No agent sees it.</summary>
    /// <returns>The same state where there is no such user.</returns>
    /// <exception cref="OperatorException">Another user has it.</exception>
    public static NetworkState Rename(NetworkState state, string email, string next)
    {
        if (Find(state, email) is not { } user || user.Email == next)
            return state;
        if (Find(state, next) is { } other && other.Id != user.Id)
            throw new OperatorException($"{state.Organisation} has a user {other.Email} already");
        return state with { Users = state.Users.Select(each => each.Id == user.Id ? each with { Email = next } : each).ToValueList() };
    }

    private static NetworkState Set(NetworkState state, User user, IEnumerable<int> roles)
    {
        var changed = user with { Roles = roles.Order().ToValueList() };
        return changed.Roles.Equals(user.Roles.Order().ToValueList())
            ? state
            : Next(state, state with { Users = state.Users.Select(other => other.Id == user.Id ? changed : other).ToValueList() });
    }

    private static IEnumerable<int> Ids(NetworkState state, IEnumerable<string> roles) =>
        state.Roles.Where(role => roles.Contains(role.Name, Names.Comparer)).Select(role => role.Id);

    private static NetworkState Next(NetworkState before, NetworkState after) => after with { Revision = before.Revision + 1 };
}
