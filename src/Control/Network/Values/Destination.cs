using System.Net;

namespace Keyhole.Control;

/// <summary>Where a resource is on its site: an address or CIDR prefix, or a name that the connector resolves.</summary>
/// <param name="Text">The canonical form: "192.168.1.20", "192.168.1.0/24" or "db.corp.example".</param>
internal readonly record struct Destination(string Text)
{
    /// <summary>The native prefix; null for a name.</summary>
    public IPNetwork? Prefix =>
        IPNetwork.TryParse(Text, out var network) ? network
        : IPAddress.TryParse(Text, out var address) ? new IPNetwork(address, Overlay.BitLength(address))
        : null;

    /// <summary>0 for a host and for a name.</summary>
    public int HostBits => Prefix is { } prefix ? Overlay.BitLength(prefix.BaseAddress) - prefix.PrefixLength : 0;

    public override string ToString() => Text;
}
