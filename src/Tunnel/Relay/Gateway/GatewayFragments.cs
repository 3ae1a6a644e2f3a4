using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Which flow a first fragment belonged to, so that the later ones, which carry no ports, go the same way. A fixed number of places, chosen by
/// hash: a newer packet takes an older one's.
/// </summary>
internal sealed class GatewayFragments(ulong hashKey)
{
    private const int Places = 1024;

    /// <summary>Longer than a network keeps fragments apart, shorter than identifications repeat.</summary>
    private const long Lifetime = 5_000_000;

    private readonly Entry[] _entries = new Entry[Places];

    /// <param name="flow">As the client's packets carry it, whoever sent this packet.</param>
    public void Remember(in IpView first, in FlowKey flow, long now)
    {
        var packet = PacketOf(first);
        _entries[PlaceOf(packet, first.Identification)] = new Entry(packet, first.Identification, flow, now + Lifetime);
    }

    public bool TryFind(in IpView later, long now, out FlowKey flow)
    {
        var packet = PacketOf(later);
        ref var entry = ref _entries[PlaceOf(packet, later.Identification)];
        flow = entry.Flow;
        return entry.ExpiresAt > now && entry.Identification == later.Identification && entry.Packet == packet;
    }

    private static FlowKey PacketOf(in IpView ip) => new(ip.Protocol, ip.Source, 0, ip.Destination, 0);

    private int PlaceOf(in FlowKey packet, uint identification) => (int)(packet.Hash(hashKey ^ identification) % Places);

    private readonly record struct Entry(FlowKey Packet, uint Identification, FlowKey Flow, long ExpiresAt);
}
