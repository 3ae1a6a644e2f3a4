using System.Net;

namespace Keyhole.Control;

/// <summary>What stands in the configuration of a stock app, without secrets and comments.</summary>
/// <param name="PublicKey">The client's own; null while it has none.</param>
/// <param name="Addresses">With prefix lengths.</param>
/// <param name="Peers">The relay first.</param>
internal sealed record ConfigContent(string? PublicKey, IReadOnlyList<string> Addresses, IReadOnlyList<string> Dns, int Mtu, IReadOnlyList<ConfigPeer> Peers)
{
    /// <remarks>Names are asked for at the relay, unless the client was given DNS servers of its own; the relay's name server can be reached in any case.</remarks>
    /// <param name="client">With its addresses.</param>
    /// <param name="relay">With its public key; a gateway, unless the client is sealed.</param>
    public static ConfigContent Of(CompiledNetwork network, Peer client, Relay relay)
    {
        var state = network.State;
        var names = Overlay.NameServers(state.OverlayIpv6);
        var grant = network.GrantOf(client.Id);
        var granted = GrantedTo(network, client);

        // The relay comes first: its handshake registers the client, and those behind it are routed.
        var throughRelay = names.Select(address => new IPNetwork(address, Overlay.BitLength(address))).Concat(AllowedIps(client.Sealed ? [] : granted, grant));
        var peers = new List<ConfigPeer> { Peer("relay", relay.Name, relay.PublicKey!, relay, throughRelay) };
        foreach (var site in client.Sealed ? granted.GroupBy(resource => resource.Site) : [])
        {
            if (FindConnector(state, site.Key) is { } connector)
                peers.Add(Peer("connector", connector.Name, connector.PublicKey!, relay, AllowedIps([.. site], grant)));
        }

        return new ConfigContent(
            client.PublicKey,
            [$"{client.Ipv4}/32", $"{client.Ipv6}/128"],
            client.Dns.Count != 0 ? client.Dns : [.. names.Select(address => address.ToString())],
            StockConfiguration.Mtu,
            peers);
    }

    /// <summary>In the order of their identifiers.</summary>
    public static IReadOnlyList<Resource> GrantedTo(CompiledNetwork network, Peer client)
    {
        var resources = network.GrantOf(client.Id)?.Resources.ToHashSet() ?? [];
        return [.. network.State.Resources.Where(resource => resources.Contains(resource.Id))];
    }

    /// <summary>The connector of a site that a sealed client reaches it through; null while none has a key and is approved.</summary>
    public static Peer? FindConnector(NetworkState state, int site) =>
        state.Peers.Where(peer => peer is { Kind: PeerKind.Connector, PublicKey: not null, Enabled: true } && peer.Site == site).OrderBy(peer => peer.Draining).ThenBy(peer => peer.Id).FirstOrDefault();

    private static ConfigPeer Peer(string kind, string name, string publicKey, Relay relay, IEnumerable<IPNetwork> allowedIps) =>
        new(kind, name, publicKey, relay.Endpoints[0], [.. allowedIps.Distinct().Select(prefix => prefix.ToString())]);

    /// <summary>What was granted and nothing else: the overlay prefixes, and the native ones that leave no doubt.</summary>
    private static IEnumerable<IPNetwork> AllowedIps(IReadOnlyCollection<Resource> granted, GrantRow? grant) =>
        granted.SelectMany(resource => resource.OverlayPrefixes)
            .Concat(granted.Where(resource => !grant!.OverlayOnly.Contains(resource.Id)).Select(resource => resource.Destination.Prefix).OfType<IPNetwork>());
}
