using System.Globalization;
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

    /// <param name="content">Of this client.</param>
    /// <param name="privateKey">Base64; null where it is not ours to show.</param>
    /// <param name="privateKeyComment">Stands in the place of the key when there is none.</param>
    /// <param name="presharedKey">Of the session with the relay.</param>
    public static string Write(CompiledNetwork network, Peer client, ConfigContent content, string? privateKey, string privateKeyComment, string presharedKey)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {client.Name} of {network.State.Organisation}\n");
        foreach (var resource in ConfigContent.GrantedTo(network, client))
            text.Append(CultureInfo.InvariantCulture, $"# {resource.Alias ?? resource.Name} = {string.Join(", ", OverlayOf(resource))}\n");
        text.Append("[Interface]\n");
        text.Append(privateKey is null ? $"# {privateKeyComment}\n" : $"PrivateKey = {privateKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"Address = {string.Join(", ", content.Addresses)}\n");
        text.Append(CultureInfo.InvariantCulture, $"DNS = {string.Join(", ", content.Dns)}\n");
        text.Append(CultureInfo.InvariantCulture, $"MTU = {content.Mtu}\n");
        foreach (var peer in content.Peers)
            WritePeer(text, peer, ReferenceEquals(peer, content.Peers[0]) ? presharedKey : null);
        return text.ToString();
    }

    private static void WritePeer(StringBuilder text, ConfigPeer peer, string? presharedKey)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n[Peer]\n# {peer.Name}\nPublicKey = {peer.PublicKey}\n");
        if (presharedKey is not null)
            text.Append(CultureInfo.InvariantCulture, $"PresharedKey = {presharedKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"AllowedIPs = {string.Join(", ", peer.AllowedIps)}\n");
        text.Append(CultureInfo.InvariantCulture, $"Endpoint = {peer.Endpoint}\nPersistentKeepalive = {PersistentKeepalive}\n");
    }

    /// <summary>Addresses where the resource is one host, prefixes where it is more.</summary>
    private static IEnumerable<string> OverlayOf(Resource resource) =>
        resource.OverlayPrefixes
            .Select(prefix => prefix.PrefixLength == Overlay.BitLength(prefix.BaseAddress) ? prefix.BaseAddress.ToString() : prefix.ToString());
}
