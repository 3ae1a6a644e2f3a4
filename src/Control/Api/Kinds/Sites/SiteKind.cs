namespace Keyhole.Control;

internal sealed class SiteKind : ObjectKind<Site, SiteInput, SiteView>
{
    public override string Path => "sites";

    public override string Word => "site";

    public override string ReadPermission => Permissions.SitesRead;

    public override string WritePermission => Permissions.SitesWrite;

    public override IEnumerable<Site> Items(NetworkState state) => state.Sites;

    public override SiteView View(Network network, NetworkState state, Site item) => new(
        item.Name,
        [.. ViewIndex.Of(state).ConnectorsOf(item.Id)],
        [.. ViewIndex.Of(state).ResourcesOf(item.Id)]);

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadSite(node, "", []) is { } site ? (site, network => network with { Sites = Put(network.Sites, site, other => other) }) : null;

    /// <summary>Connectors and resources would be lost with their site, which is more than its removal says.</summary>
    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Site item)
    {
        string? user = state.Peers.FirstOrDefault(peer => peer.Site == item.Id) is { } connector ? $"the connector {connector.Name}"
            : state.Resources.FirstOrDefault(resource => resource.Site == item.Id) is { } resource ? $"the resource {resource.Name}"
            : null;
        return user is null
            ? network with { Sites = Without(network.Sites, item.Name, site => site) }
            : throw new OperatorException($"{user} is on the site {item.Name}: remove what is on it first");
    }

    protected override NetworkState Rename(NetworkState state, Site item, string name) =>
        state with { Sites = Rename(state.Sites, item.Id, site => site with { Name = name }) };
}
