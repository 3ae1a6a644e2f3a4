using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// Packets of clients on their way to one relay: written behind each other in reserved room, sealed together, then committed. The room is
/// committed only where the device has sealed, so that nothing unsealed can leave.
/// </summary>
internal sealed class SealBatch(Device device, IDatagramSlots slots)
{
    /// <summary>What one UDP_SEGMENT call takes, and one run of the cipher.</summary>
    private const int MaximumCount = 64;

    /// <summary>A full batch of packets of the usual size.</summary>
    private const int RoomLength = MaximumCount * 1536;

    private readonly PacketSlot[] _packets = new PacketSlot[MaximumCount];
    private readonly SealResult[] _results = new SealResult[MaximumCount];
    private Registration? _relay;
    private int _count;
    private int _length;

    /// <summary>Packets that wait to be sealed.</summary>
    public int Count => _count;

    /// <summary>Room for one more packet to the relay; what is written already may be sealed for it. Valid until the next call.</summary>
    /// <returns>Packets that were sealed, as of <see cref="Seal"/>.</returns>
    public int Rent(Registration relay, int length, long now, out Span<byte> packet)
    {
        int room = RoomFor(length);
        int isSealed = _count == MaximumCount || _length + room > RoomLength || !ReferenceEquals(relay, _relay) ? Seal(now) : 0;
        if (_count == 0)
        {
            _relay = relay;
            _length = 0;
            slots.Reserve(Math.Max(room, RoomLength));
        }

        packet = slots.Reserved.Slice(_length + TransportMessage.PacketOffset, length);
        return isSealed;
    }

    /// <summary>The packet rented last has been written.</summary>
    public void Commit(int length)
    {
        _packets[_count++] = new PacketSlot(_length, length);
        _length += RoomFor(length);
    }

    /// <summary>Seals and sends what was written, in its order. Without a session it is dropped: packets of flows are worth nothing later.</summary>
    /// <returns>Packets that were sealed.</returns>
    public int Seal(long now)
    {
        int count = _count;
        _count = 0;
        if (count == 0 || _relay is not { } relay || !relay.Peer.HasSession(now) || relay.Peer.Endpoint is not { } endpoint)
            return 0;
        device.Seal(relay.Peer, slots.Reserved, _packets.AsSpan(0, count), _results, now);
        int isSealed = 0;
        for (int i = 0; i < count; i++)
        {
            if (_results[i].Kind != SealKind.Sealed)
                continue;
            slots.Commit(endpoint, _packets[i].Offset, _results[i].Length);
            isSealed++;
        }

        relay.DataMoved(now);
        return isSealed;
    }

    /// <summary>The room that a packet takes with header, padding and tag: a multiple of 16, so that datagrams of full packets touch.</summary>
    public static int RoomFor(int length) => ((length + TransportMessage.PaddingMultiple - 1) & -TransportMessage.PaddingMultiple) + TransportMessage.Overhead;
}
