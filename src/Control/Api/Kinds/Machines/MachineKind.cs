namespace Keyhole.Control;

internal sealed class MachineKind : ObjectKind<Peer, MachineInput, MachineView>
{
    public override string Path => "machines";

    public override string Word => "machine";

    public override string ReadPermission => Permissions.MachinesRead;

    public override string WritePermission => Permissions.MachinesWrite;

    protected override IReadOnlyList<string> OwnMembers { get; } = ["approved"];

    public override IEnumerable<Peer> Items(NetworkState state) => state.Peers.Where(peer => peer.Kind == PeerKind.Machine);

    public override MachineView View(Network network, NetworkState state, Peer item)
    {
        var agent = new Agent(AgentKind.Machine, item.Id);
        return new(
            item.Name,
            item.KeySource == KeySource.Declared ? item.PublicKey : null,
            item.KeySource == KeySource.Reported ? item.PublicKey : null,
            [$"{item.Ipv4}", $"{item.Ipv6}"],
            item.Enabled,
            CredentialView.Of(state, agent),
            item.Stock ? null : network.Hub.StatusOf(agent));
    }

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadMachine(node, "") is { } machine
            ? (machine.Name, network => network with { Machines = Put(network.Machines, machine, other => other.Name) })
            : null;

    protected override NetworkState Complete(NetworkState state, Peer item, MachineInput input) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Enabled = input.Approved ?? true }) };

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Peer item) => network with
    {
        Machines = Without(network.Machines, item.Name, machine => machine.Name),
        Grants = network.Grants.Where(grant => !(grant.Kind == PrincipalKind.Machine && Names.Comparer.Equals(grant.Principal, item.Name))).ToValueList(),
    };

    protected override NetworkState Rename(NetworkState state, Peer item, string name) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Name = name }) };
}
