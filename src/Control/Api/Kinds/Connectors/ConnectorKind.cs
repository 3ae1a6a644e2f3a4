namespace Keyhole.Control;

internal sealed class ConnectorKind : ObjectKind<Peer, ConnectorInput, ConnectorView>
{
    public override string Path => "connectors";

    public override string Word => "connector";

    public override string ReadPermission => Permissions.ConnectorsRead;

    public override string WritePermission => Permissions.ConnectorsWrite;

    protected override IReadOnlyList<string> OwnMembers { get; } = ["approved"];

    public override IEnumerable<Peer> Items(NetworkState state) => state.Peers.Where(peer => peer.Kind == PeerKind.Connector);

    public override ConnectorView View(Network network, NetworkState state, Peer item)
    {
        var agent = new Agent(AgentKind.Connector, item.Id);
        return new(
            item.Name,
            ViewIndex.Of(state).NameOf(item.Site)!,
            item.KeySource == KeySource.Declared ? item.PublicKey : null,
            item.KeySource == KeySource.Reported ? item.PublicKey : null,
            item.Enabled,
            item.Draining,
            CredentialView.Of(state, agent),
            item.Stock ? null : network.Hub.StatusOf(agent));
    }

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadConnector(node, "") is { } connector
            ? (connector.Name, network => network with { Connectors = Put(network.Connectors, connector, other => other.Name) })
            : null;

    protected override NetworkState Complete(NetworkState state, Peer item, ConnectorInput input) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Enabled = input.Approved ?? true }) };

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Peer item) =>
        network with { Connectors = Without(network.Connectors, item.Name, connector => connector.Name) };

    protected override NetworkState Rename(NetworkState state, Peer item, string name) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Name = name }) };
}
