using System.Globalization;
using System.Net;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// The configuration of a stock WireGuard app, as wg-quick(8) reads it: in gateway mode the relay is its only peer, in sealed mode the relay only registers
/// it, and one connector per site is the peer behind it; "wg-quick strip" makes of it what
/// wg(8) takes. Names in comments come from <see cref="Names"/> and <see cref="HostSyntax"/> and hold no line break.
/// </summary>
internal static class StockConfiguration
{
    public const int Mtu = 1280;
    public const int PersistentKeepalive = 25;

    /// <remarks>Names are asked for at the relay, unless the client was given DNS servers of its own; the relay's name server can be reached in any case.</remarks>
    /// <param name="client">With its addresses.</param>
    /// <param name="relay">With its public key; a gateway, unless the client is sealed.</param>
    /// <param name="privateKey">Base64; null where it is not ours to show.</param>
    /// <param name="privateKeyComment">Stands in the place of the key when there is none.</param>
    public static string Write(CompiledNetwork network, Peer client, Relay relay, string? privateKey, string privateKeyComment, string presharedKey)
    {
        var state = network.State;
        var grant = network.TableOf(new Agent(AgentKind.Machine, client.Id)).Grants.FirstOrDefault(row => row.Client == client.Id);
        var granted = state.Resources.Where(resource => grant?.Resources.Contains(resource.Id) == true).ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {client.Name} of {state.Organisation}\n");
        foreach (var resource in granted)
            text.Append(CultureInfo.InvariantCulture, $"# {resource.Alias ?? resource.Name} = {string.Join(", ", OverlayOf(resource))}\n");
        text.Append("[Interface]\n");
        text.Append(privateKey is null ? $"# {privateKeyComment}\n" : $"PrivateKey = {privateKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"Address = {client.Ipv4}/32, {client.Ipv6}/128\n");
        var names = Overlay.NameServers(state.OverlayIpv6);
        text.Append(CultureInfo.InvariantCulture, $"DNS = {string.Join(", ", client.Dns.Count != 0 ? client.Dns : names.Select(address => address.ToString()))}\n");
        text.Append(CultureInfo.InvariantCulture, $"MTU = {Mtu}\n");

        // The relay comes first: its handshake registers the client, and those behind it are routed.
        var throughRelay = names.Select(address => new IPNetwork(address, Overlay.BitLength(address))).Concat(AllowedIps(client.Sealed ? [] : granted, grant));
        WritePeer(text, relay.Name, relay.PublicKey!, presharedKey, throughRelay, relay);
        foreach (var site in client.Sealed ? granted.GroupBy(resource => resource.Site) : [])
        {
            if (FindConnector(state, site.Key) is { } connector)
                WritePeer(text, connector.Name, connector.PublicKey!, null, AllowedIps([.. site], grant), relay);
        }

        return text.ToString();
    }

    /// <summary>The connector of a site that a sealed client reaches it through; null while none has a key.</summary>
    public static Peer? FindConnector(NetworkState state, int site) =>
        state.Peers.Where(peer => peer is { Kind: PeerKind.Connector, PublicKey: not null } && peer.Site == site).OrderBy(peer => peer.Draining).ThenBy(peer => peer.Id).FirstOrDefault();

    private static void WritePeer(StringBuilder text, string name, string publicKey, string? presharedKey, IEnumerable<IPNetwork> allowedIps, Relay relay)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n[Peer]\n# {name}\nPublicKey = {publicKey}\n");
        if (presharedKey is not null)
            text.Append(CultureInfo.InvariantCulture, $"PresharedKey = {presharedKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"AllowedIPs = {string.Join(", ", allowedIps.Distinct())}\n");
        text.Append(CultureInfo.InvariantCulture, $"Endpoint = {relay.Endpoints[0]}\nPersistentKeepalive = {PersistentKeepalive}\n");
    }

    /// <summary>What was granted and nothing else: the overlay prefixes, and the native ones that leave no doubt.</summary>
    private static IEnumerable<IPNetwork> AllowedIps(IReadOnlyCollection<Resource> granted, GrantRow? grant) =>
        granted.SelectMany(resource => new[] { resource.OverlayIpv4, resource.OverlayIpv6 }).OfType<IPNetwork>()
            .Concat(granted.Where(resource => !grant!.OverlayOnly.Contains(resource.Id)).Select(resource => resource.Destination.Prefix).OfType<IPNetwork>());

    /// <summary>Addresses where the resource is one host, prefixes where it is more.</summary>
    private static IEnumerable<string> OverlayOf(Resource resource) =>
        new[] { resource.OverlayIpv4, resource.OverlayIpv6 }.OfType<IPNetwork>()
            .Select(prefix => prefix.PrefixLength == Overlay.BitLength(prefix.BaseAddress) ? prefix.BaseAddress.ToString() : prefix.ToString());
}
