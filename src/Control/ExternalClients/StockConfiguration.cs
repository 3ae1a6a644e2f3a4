using System.Globalization;
using System.Net;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// The configuration of a stock WireGuard app in gateway mode, as wg-quick(8) reads it; "wg-quick strip" makes of it what
/// wg(8) takes. Names in comments come from <see cref="Names"/> and <see cref="HostSyntax"/> and hold no line break.
/// </summary>
internal static class StockConfiguration
{
    public const int Mtu = 1280;
    public const int PersistentKeepalive = 25;

    /// <param name="client">With its addresses.</param>
    /// <param name="relay">The gateway, with its public key.</param>
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
        if (client.Dns.Count != 0)
            text.Append(CultureInfo.InvariantCulture, $"DNS = {string.Join(", ", client.Dns)}\n");
        text.Append(CultureInfo.InvariantCulture, $"MTU = {Mtu}\n\n[Peer]\n# {relay.Name}\n");
        text.Append(CultureInfo.InvariantCulture, $"PublicKey = {relay.PublicKey}\nPresharedKey = {presharedKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"AllowedIPs = {string.Join(", ", AllowedIps(client, granted, grant))}\n");
        text.Append(CultureInfo.InvariantCulture, $"Endpoint = {relay.Endpoints[0]}\nPersistentKeepalive = {PersistentKeepalive}\n");
        return text.ToString();
    }

    /// <summary>
    /// What was granted and nothing else: the overlay prefixes, and the native ones that leave no doubt. A client without a grant
    /// gets its own address, since an empty list would not be read.
    /// </summary>
    private static IEnumerable<string> AllowedIps(Peer client, List<Resource> granted, GrantRow? grant) =>
        granted.SelectMany(resource => new[] { resource.OverlayIpv4, resource.OverlayIpv6 }).OfType<IPNetwork>()
            .Concat(granted.Where(resource => !grant!.OverlayOnly.Contains(resource.Id)).Select(resource => resource.Destination.Prefix).OfType<IPNetwork>())
            .Select(prefix => prefix.ToString()).DefaultIfEmpty($"{client.Ipv4}/32").Distinct();

    /// <summary>Addresses where the resource is one host, prefixes where it is more.</summary>
    private static IEnumerable<string> OverlayOf(Resource resource) =>
        new[] { resource.OverlayIpv4, resource.OverlayIpv6 }.OfType<IPNetwork>()
            .Select(prefix => prefix.PrefixLength == Overlay.BitLength(prefix.BaseAddress) ? prefix.BaseAddress.ToString() : prefix.ToString());
}
