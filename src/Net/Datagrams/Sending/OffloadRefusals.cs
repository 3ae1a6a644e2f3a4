using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Destinations whose path refused a run as a whole, so that it has to go out one by one for a while: the segment is longer
/// than the MTU there. Direct-mapped and lossy: forgetting one costs one refused call.
/// </summary>
internal sealed class OffloadRefusals
{
    private const int SlotCount = 256;
    private const long Lifetime = 300_000_000;

    private readonly (IpEndpoint Destination, long Until)[] _slots = new (IpEndpoint, long)[SlotCount];

    private long _latest;

    internal void Add(in IpEndpoint destination, long now)
    {
        _latest = now + Lifetime;
        _slots[IndexOf(destination)] = (destination, _latest);
    }

    internal bool Contains(in IpEndpoint destination)
    {
        if (_latest == 0)
            return false;
        ref var slot = ref _slots[IndexOf(destination)];
        if (slot.Destination != destination || slot.Until == 0)
            return false;
        long now = MonotonicClock.Now;
        if (now > _latest)
            _latest = 0;
        return slot.Until > now;
    }

    private static int IndexOf(in IpEndpoint destination) =>
        (int)((destination.Address.High * 31 + destination.Address.Low + destination.Port) * 0x9E37_79B9_7F4A_7C15 >> 56);
}
