namespace Keyhole.Control;

internal sealed class ResourceKind : ObjectKind<Resource, ResourceInput, ResourceView>
{
    public override string Path => "resources";

    public override string Word => "resource";

    public override string ReadPermission => Permissions.ResourcesRead;

    public override string WritePermission => Permissions.ResourcesWrite;

    public override IEnumerable<Resource> Items(NetworkState state) => state.Resources;

    public override ResourceView View(Network network, NetworkState state, Resource item) => ResourceView.Of(state, item);

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadResource(node, "") is { } resource
            ? (resource.Name, network => network with { Resources = Put(network.Resources, resource, other => other.Name) })
            : null;

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Resource item) => network with
    {
        Resources = Without(network.Resources, item.Name, resource => resource.Name),
        Grants = network.Grants.Where(grant => !Names.Comparer.Equals(grant.Resource, item.Name)).ToValueList(),
    };

    protected override NetworkState Rename(NetworkState state, Resource item, string name) =>
        state with { Resources = Rename(state.Resources, item.Id, resource => resource with { Name = name }) };
}
