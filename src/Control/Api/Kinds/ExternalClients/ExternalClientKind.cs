using System.Text.Json.Nodes;

namespace Keyhole.Control;

internal sealed class ExternalClientKind : ObjectKind<Peer, ExternalClientInput, ExternalClientRow>
{
    public override string Path => "external-clients";

    public override string Word => "external client";

    public override string ReadPermission => Permissions.ExternalClientsRead;

    public override string WritePermission => Permissions.ExternalClientsWrite;

    protected override IReadOnlyDictionary<string, string> FileKeys { get; } = new Dictionary<string, string> { ["addresses"] = "address" };

    protected override IReadOnlyList<string> OwnMembers { get; } = ["enabled"];

    public override IEnumerable<Peer> Items(NetworkState state) => state.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient);

    public override ExternalClientRow View(Network network, NetworkState state, Peer item) => new(
        item.Name,
        item.KeySource == KeySource.Declared ? item.PublicKey : null,
        item.KeySource == KeySource.Generated ? item.PublicKey : null,
        [$"{item.Ipv4}", $"{item.Ipv6}"],
        item.Dns.Count == 0 ? null : item.Dns,
        item.Expires is { } expires ? TimeSyntax.Format(expires) : null,
        item.Expired,
        item.Sealed,
        item.Enabled);

    /// <summary>A key that is made for it is another configuration, too.</summary>
    public override string TagOf(ExternalClientRow view) => EntityTag.Of($"{base.TagOf(view)} {view.GeneratedKey}");

    protected override void Fill(NetworkState state, JsonObject input)
    {
        if (input["name"] is null)
            input["name"] = Enumerable.Range(1, int.MaxValue - 1).Select(number => $"client-{number}").First(name => state.FindPeer(PeerKind.ExternalClient, name) is null);
    }

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadExternalClient(node, "") is { } client
            ? (client.Name, network => network with { ExternalClients = Put(network.ExternalClients, client, other => other.Name) })
            : null;

    protected override NetworkState Complete(NetworkState state, Peer item, ExternalClientInput input) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Enabled = input.Enabled ?? true }) };

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, Peer item) => network with
    {
        ExternalClients = Without(network.ExternalClients, item.Name, client => client.Name),
        Grants = network.Grants.Where(grant => !(grant.Kind == PrincipalKind.ExternalClient && Names.Comparer.Equals(grant.Principal, item.Name))).ToValueList(),
    };

    protected override NetworkState Rename(NetworkState state, Peer item, string name) =>
        state with { Peers = Rename(state.Peers, item.Id, peer => peer with { Name = name }) };
}
