namespace Keyhole.Control;

/// <summary>
/// Where the next identifier and overlay addresses are taken from. They only move forward, so that an address or identifier
/// that was given back is not somebody else's the next minute; the address cursors start over when their range is used up.
/// </summary>
/// <param name="Id">The next identifier, for all kinds of objects.</param>
/// <param name="Client">Offset of the next client, from 100.64.0.0 and from the clients' IPv6 subnet.</param>
/// <param name="ResourceIpv4">Offset of the next resource from 100.96.0.0.</param>
/// <param name="ResourceIpv6">Offset of the next resource from the resources' IPv6 subnet.</param>
/// <param name="Subnet">The next IPv6 subnet for resources of more than 32 host bits.</param>
internal readonly record struct Cursors(int Id, long Client, long ResourceIpv4, long ResourceIpv6, long Subnet)
{
    public static Cursors First { get; } =
        new(1, Overlay.FirstOffset, Overlay.FirstOffset, Overlay.FirstOffset, Overlay.FirstResourceSubnet);
}
