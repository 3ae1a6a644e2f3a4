namespace Keyhole.Control;

internal sealed class RoleKind : ObjectKind<Role, RoleInput, RoleView>
{
    public override string Path => "roles";

    public override string Word => "role";

    public override string ReadPermission => Permissions.RolesRead;

    public override string WritePermission => Permissions.RolesWrite;

    public override IEnumerable<Role> Items(NetworkState state) => state.Roles;

    public override RoleView View(Network network, NetworkState state, Role item) => new(
        item.Name, item.Permissions, item.IsFixed, [.. ViewIndex.Of(state).HoldersOf(item.Id)]);

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node)
    {
        // The reader takes no note of fixed roles, which are there without being described.
        if (node is MappingNode mapping && mapping.Entries.Any(entry => entry.Key.Value == "name" && entry.Value is ScalarNode { Value: var name } && FixedRoles.Contains(name)))
            throw ApiException.Field("name", "every organisation has this role, and what it may do is fixed; use another name");
        return reader.ReadRole(node, "") is { } role ? (role.Name, network => network with { Roles = Put(network.Roles, role, other => other.Name) }) : null;
    }

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Role item) => item.IsFixed ? throw IsFixed(item) : network with
    {
        Roles = Without(network.Roles, item.Name, role => role.Name),
        Users = network.Users.Select(user => user with { Roles = Without(user.Roles, item.Name, role => role) }).ToValueList(),
        Grants = network.Grants.Where(grant => !(grant.Kind == PrincipalKind.Role && Names.Comparer.Equals(grant.Principal, item.Name))).ToValueList(),
    };

    protected override NetworkState Rename(NetworkState state, Role item, string name) =>
        item.IsFixed ? throw IsFixed(item) : state with { Roles = Rename(state.Roles, item.Id, role => role with { Name = name }) };

    private static OperatorException IsFixed(Role role) => new($"every organisation has the role {role.Name}: it stays as it is");
}
