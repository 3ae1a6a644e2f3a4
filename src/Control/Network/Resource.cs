using System.Net;

namespace Keyhole.Control;

/// <param name="OverlayIpv4">Null where the destination has more than <see cref="Overlay.MaximumIpv4HostBits"/> host bits.</param>
/// <param name="OverlayIpv6">Null where the destination has more than <see cref="Overlay.MaximumIpv6HostBits"/> host bits.</param>
internal sealed record Resource(
    int Id,
    string Name,
    int Site,
    Destination Destination,
    string? Alias,
    ValueList<PortRange> Tcp,
    ValueList<PortRange> Udp,
    bool Icmp,
    IPNetwork? OverlayIpv4,
    IPNetwork? OverlayIpv6) : INamed
{
    /// <summary>Null: nobody logs in there by SSH.</summary>
    public SshSettings? Ssh { get; init; }

    /// <summary>The overlay prefixes that stand for it, IPv4 first.</summary>
    public IEnumerable<IPNetwork> OverlayPrefixes => new[] { OverlayIpv4, OverlayIpv6 }.OfType<IPNetwork>();
}
