using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>Tables of many agents: 500 sites with four connectors each, devices with grants of two resources, and a tenth of stock apps.</summary>
internal static class ScaleTables
{
    internal const int Relay = 1;

    /// <summary>The two agents that every table has: a device, and the connector of the site that it was granted.</summary>
    internal const int Client = 1;
    internal const int Connector = 2;

    private const int Sites = 500;
    private const int ConnectorsPerSite = 4;

    internal static Table Of(int agents, long revision)
    {
        var peers = new List<PeerRow>(agents) { Row(Client, PeerKind.Device), Row(Connector, PeerKind.Connector) };
        for (int id = 3; id <= agents; id++)
            peers.Add(Row(id, id <= Sites * ConnectorsPerSite ? PeerKind.Connector : id % 10 == 0 ? PeerKind.ExternalClient : PeerKind.Device));
        return new Table
        {
            Revision = revision,
            Organisation = "scale",
            Overlay = ["100.64.0.0/10", "fd00::/48"],
            Relays = [new RelayRow(Relay, "relay", Key(0), ["127.0.0.1:21820"], Gateway: true)],
            Sites = [.. Enumerable.Range(0, Sites).Select(id => new SiteRow(id, $"site-{id}"))],
            Peers = peers,
            Resources = [.. Enumerable.Range(0, 2 * Sites).Select(Resource)],
            Grants = [.. peers.Where(peer => peer.Kind != PeerKind.Connector).Select(peer => Grant(peer.Id))],
        };
    }

    internal static PeerRow Row(int id, PeerKind kind) => new(
        id,
        kind,
        $"agent-{id}",
        Key(id),
        null,
        kind == PeerKind.Connector ? [] : [$"100.{64 + (id >> 16)}.{(id >> 8) & 255}.{id & 255}/32", $"fd00::{id >> 16:x}:{id & 0xFFFF:x}/128"],
        kind == PeerKind.Connector ? id % Sites : null,
        Stock: kind == PeerKind.ExternalClient,
        Draining: false);

    internal static GrantRow Grant(int client) => client == Client
        ? new GrantRow(client, [Connector], [])
        : new GrantRow(client, [client % (2 * Sites), client * 7 % (2 * Sites)], []);

    private static ResourceRow Resource(int id) => new(
        id,
        id % Sites,
        $"resource-{id}",
        $"10.{id >> 8}.{id & 255}.1",
        [$"100.127.{id >> 8}.{id & 255}/32"],
        null,
        [new PortRange(80, 80)],
        [],
        Icmp: true);

    private static string Key(int id)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        BitConverter.TryWriteBytes(key, id * 0x9E37_79B1u);
        BitConverter.TryWriteBytes(key[8..], id);
        return Convert.ToBase64String(key);
    }
}
