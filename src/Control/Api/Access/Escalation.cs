namespace Keyhole.Control;

/// <summary>
/// Nobody gives what they do not hold, takes it from those who do, or leaves an organisation without an owner. It compares the
/// network before and after a change, whatever the change was, so that no route can forget it.
/// </summary>
internal static class Escalation
{
    /// <param name="held">What the caller holds.</param>
    /// <exception cref="ApiException">The change goes beyond it.</exception>
    /// <exception cref="OperatorException">The last owner would go.</exception>
    public static void Check(NetworkState before, NetworkState after, IReadOnlySet<string> held)
    {
        var oldRoles = before.Roles.ToDictionary(role => role.Id);
        var newRoles = after.Roles.ToDictionary(role => role.Id);
        foreach (int id in oldRoles.Keys.Union(newRoles.Keys))
        {
            var had = oldRoles.GetValueOrDefault(id);
            var has = newRoles.GetValueOrDefault(id);
            if (!Equals(had?.Permissions, has?.Permissions))
                Require([.. had?.Permissions ?? [], .. has?.Permissions ?? []], held, $"the role {(has ?? had)!.Name}");
        }

        var oldUsers = before.Users.ToDictionary(user => user.Id);
        var newUsers = after.Users.ToDictionary(user => user.Id);
        foreach (int id in oldUsers.Keys.Union(newUsers.Keys))
        {
            var had = oldUsers.GetValueOrDefault(id);
            var has = newUsers.GetValueOrDefault(id);
            if (had == has)
                continue;
            // One who is removed, renamed or disabled loses everything; else it is the roles that come and go.
            bool rolesOnly = had is not null && has is not null && had with { Roles = has.Roles } == has;
            var touched = (had?.Roles ?? []).Except(rolesOnly ? has!.Roles : []).Union((has?.Roles ?? []).Except(rolesOnly ? had!.Roles : []));
            var permissions = touched.SelectMany(role => (oldRoles.GetValueOrDefault(role) ?? newRoles[role]).Permissions);
            Require([.. permissions], held, $"the user {(has ?? had)!.Email}");
            if (has is not null && Gains(after, had, has))
                Require([Permissions.GrantsWrite], held, $"the user {has.Email}, who would reach resources by this");
        }

        CheckSsh(before, after, held);
        FixedRoles.CheckOwners(before, after);
    }

    /// <summary>Who may log in to a host, and as root there, is more than which ports are open.</summary>
    private static void CheckSsh(NetworkState before, NetworkState after, IReadOnlySet<string> held)
    {
        if (ReferenceEquals(before.Resources, after.Resources) || held.Contains(Permissions.SshWrite))
            return;
        // Which host it is, what it is called and whether it can be reached is as much as its settings: the certificate of a host says so.
        var old = before.Resources.ToDictionary(resource => resource.Id);
        foreach (var resource in after.Resources.Where(resource => resource.Ssh is not null && !IsSameHost(old.GetValueOrDefault(resource.Id), resource)))
            Require([Permissions.SshWrite], held, $"the SSH settings of {resource.Name}");
    }

    private static bool IsSameHost(Resource? had, Resource has) =>
        had is not null && (had.Ssh, had.Name, had.Alias, had.Site, had.Destination) == (has.Ssh, has.Name, has.Alias, has.Site, has.Destination) && SshAccess.IsOpen(had) == SshAccess.IsOpen(has);

    /// <summary>Whether a user comes to reach something by its roles, or somebody else by its grants: that is a grant by another name.</summary>
    private static bool Gains(NetworkState after, User? had, User has)
    {
        bool same = had is { Disabled: false } && Names.Comparer.Equals(had.Email, has.Email);
        var roles = (same ? has.Roles.Except(had!.Roles) : has.Roles).ToHashSet();
        return after.Grants.Any(grant => grant.Kind == PrincipalKind.Role ? roles.Contains(grant.Principal) : !same && grant.Kind == PrincipalKind.User && grant.Principal == has.Id && had is not null);
    }

    private static void Require(IReadOnlyList<string> permissions, IReadOnlySet<string> held, string what)
    {
        if (permissions.Where(permission => !held.Contains(permission)).ToList() is [var missing, ..])
            throw new ApiException(StatusCodes.Status403Forbidden, $"The permission {missing} is in play for {what}, and you do not hold it yourself.");
    }
}
