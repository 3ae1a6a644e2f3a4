using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// Packets on their way to one peer: written behind each other in reserved room, sealed together, then committed. The room is
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
    private Peer? _peer;
    private int _count;
    private int _length;

    /// <summary>Packets that were sealed and committed.</summary>
    public long SealedCount { get; private set; }

    /// <summary>Packets that were lost since the session went before they were sealed.</summary>
    public long LostCount { get; private set; }

    /// <summary>Room for one more packet to the peer; what is written already may be sealed for it. Valid until the next call.</summary>
    public Span<byte> Rent(Peer peer, int length, long now)
    {
        int room = RoomFor(length);
        if (_count == MaximumCount || _length + room > RoomLength || !ReferenceEquals(peer, _peer))
            Flush(now);
        if (_count == 0)
        {
            _peer = peer;
            _length = 0;
            slots.Reserve(Math.Max(room, RoomLength));
        }

        return slots.Reserved.Slice(_length + TransportMessage.PacketOffset, length);
    }

    /// <summary>The packet rented last has been written.</summary>
    public void Commit(int length)
    {
        _packets[_count++] = new PacketSlot(_length, length);
        _length += RoomFor(length);
    }

    /// <summary>Seals and sends what was written, in its order. Without a session it is dropped: packets of flows are worth nothing later.</summary>
    public void Flush(long now)
    {
        int count = _count;
        if (count == 0)
            return;
        _count = 0;
        LostCount += count;
        if (_peer is not { IsRemoved: false, Endpoint: { } endpoint } peer || !peer.HasSession(now))
            return;
        device.Seal(peer, slots.Reserved, _packets.AsSpan(0, count), _results, now);
        for (int i = 0; i < count; i++)
        {
            if (_results[i].Kind != SealKind.Sealed)
                continue;
            slots.Commit(endpoint, _packets[i].Offset, _results[i].Length);
            SealedCount++;
            LostCount--;
        }
    }

    /// <summary>Room for one message of the caller's, behind what was written before it: a datagram to be sealed in place and committed at offset 0.</summary>
    public Span<byte> Reserve(int length, long now)
    {
        Flush(now);
        return slots.Reserve(RoomFor(length));
    }

    /// <summary>Seals what was written into the room that <see cref="Reserve"/> gave and sends it; nothing is staged, since such a message is worth nothing later.</summary>
    /// <returns>False when the peer has no session or no endpoint.</returns>
    public bool Send(Peer peer, Span<byte> room, int length, long now) => peer.Endpoint is { } endpoint && Send(peer, endpoint, room, length, now);

    /// <summary>The same, to an address that need not be the peer's endpoint: a message that tries a path.</summary>
    /// <param name="whole">Nobody on the way may cut it in fragments.</param>
    public bool Send(Peer peer, in IpEndpoint destination, Span<byte> room, int length, long now, bool whole = false)
    {
        if (!peer.HasSession(now))
            return false;
        var result = device.Seal(peer, room, length, now);
        if (result.Kind != SealKind.Sealed)
            return false;
        if (whole)
            slots.CommitWhole(destination, 0, result.Length);
        else
            slots.Commit(destination, 0, result.Length);
        return true;
    }

    /// <summary>The room that a packet takes with header, padding and tag: a multiple of 16, so that datagrams of full packets touch.</summary>
    private static int RoomFor(int length) => ((length + TransportMessage.PaddingMultiple - 1) & -TransportMessage.PaddingMultiple) + TransportMessage.Overhead;
}
