namespace Keyhole.Control;

internal sealed class RelayKind : ObjectKind<Relay, RelayInput, RelayView>
{
    public override string Path => "relays";

    public override string Word => "relay";

    public override string ReadPermission => Permissions.RelaysRead;

    public override string WritePermission => Permissions.RelaysWrite;

    protected override IReadOnlyDictionary<string, string> FileKeys { get; } =
        new Dictionary<string, string> { ["endpoints"] = "endpoint", ["tlsEndpoints"] = "tls-endpoint" };

    public override IEnumerable<Relay> Items(NetworkState state) => state.Relays;

    public override RelayView View(Network network, NetworkState state, Relay item)
    {
        var agent = new Agent(AgentKind.Relay, item.Id);
        return new(
            item.Name,
            item.Endpoints,
            item.TlsEndpoints.Count == 0 ? null : item.TlsEndpoints,
            item.Gateway,
            item.DnsForward.Count == 0 ? null : item.DnsForward,
            item.PublicKey,
            CredentialView.Of(state, agent),
            network.Hub.StatusOf(agent));
    }

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadRelay(node, "") is { } relay ? (relay.Name, network => network with { Relays = Put(network.Relays, relay, other => other.Name) }) : null;

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Relay item) =>
        network with { Relays = Without(network.Relays, item.Name, relay => relay.Name) };

    protected override NetworkState Rename(NetworkState state, Relay item, string name) =>
        state with { Relays = Rename(state.Relays, item.Id, relay => relay with { Name = name }) };
}
