using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Destinations whose path refused a run as a whole, so that runs of such segments have to go out one by one for a while: they are longer
/// than the MTU there, and shorter ones may not be. Direct-mapped and lossy: forgetting one costs one refused call.
/// </summary>
internal sealed class OffloadRefusals
{
    private const int SlotCount = 256;
    private const long Lifetime = 300_000_000;

    private readonly (IpEndpoint Destination, int SegmentSize, long Until)[] _slots = new (IpEndpoint, int, long)[SlotCount];

    private long _latest;

    internal void Add(in IpEndpoint destination, int segmentSize, long now)
    {
        _latest = now + Lifetime;
        _slots[IndexOf(destination)] = (destination, segmentSize, _latest);
    }

    internal bool Contains(in IpEndpoint destination, int segmentSize)
    {
        if (_latest == 0)
            return false;
        ref var slot = ref _slots[IndexOf(destination)];
        if (slot.Destination != destination || segmentSize < slot.SegmentSize || slot.Until == 0)
            return false;
        long now = MonotonicClock.Now;
        if (now > _latest)
            _latest = 0;
        return slot.Until > now;
    }

    private static int IndexOf(in IpEndpoint destination) =>
        (int)((destination.Address.High * 31 + destination.Address.Low + destination.Port) * 0x9E37_79B9_7F4A_7C15 >> 56);
}
