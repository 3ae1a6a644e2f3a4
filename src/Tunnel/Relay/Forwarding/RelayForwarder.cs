using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Blind forwarding as one data thread does it: of a run of datagrams with equal first eight bytes it looks at these and at the lengths, and says where the run
/// goes. Each thread has its own; the table is shared.
/// </summary>
public sealed class RelayForwarder
{
    /// <summary>The header and the tag. Longer ones have any length: a packet as long as the sender's MTU is padded no further.</summary>
    private const int MinimumLength = 32;

    /// <summary>Type 4 and three reserved bytes, little endian.</summary>
    private const uint TransportData = 4;

    // Fixed after construction.
    private readonly ForwardingTable _table;

    // The thread writes, any thread reads.
    private readonly long[] _drops = new long[Enum.GetValues<ForwardDropReason>().Length];
    private long _count;
    private long _bytes;

    // This thread only.
    private readonly AgentShares _shares;

    public RelayForwarder(ForwardingTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        _table = table;
        _shares = new AgentShares(table.MaximumAgents);
    }

    /// <summary>Datagrams that were sent on, and their bytes.</summary>
    public long ForwardedCount => Volatile.Read(ref _count);

    public long ForwardedBytes => Volatile.Read(ref _bytes);

    /// <summary>In datagrams.</summary>
    public long DropCount(ForwardDropReason reason) => Volatile.Read(ref _drops[(int)reason]);

    /// <summary>Judges a run: datagrams of one source, one length (the last may be shorter) and equal first eight bytes.</summary>
    /// <param name="first">The first datagram, whole.</param>
    /// <param name="count">Datagrams in the run.</param>
    /// <param name="bytes">Their lengths together.</param>
    /// <param name="now">Monotonic microseconds.</param>
    /// <param name="isOverloaded">More comes than the thread can take: nobody gets more than the others want.</param>
    public ForwardVerdict TryForward(
        in IpEndpoint source,
        ReadOnlySpan<byte> first,
        int count,
        int bytes,
        long now,
        bool isOverloaded,
        out IpEndpoint destination)
    {
        destination = default;
        if (first.Length < MinimumLength || BinaryPrimitives.ReadUInt32LittleEndian(first) != TransportData)
            return ForwardVerdict.NotMine;
        uint receiverIndex = BinaryPrimitives.ReadUInt32LittleEndian(first[4..]);
        if (!_table.TryRoute(source, receiverIndex, now, out int from, out int to, out destination))
            return to < 0 ? ForwardVerdict.NotMine : Drop(ForwardDropReason.NoAddress, count);
        int last = bytes - (count - 1) * first.Length;
        if (last < MinimumLength)
            return Drop(ForwardDropReason.Malformed, count);
        if ((isOverloaded || _shares.IsLimiting) && !_shares.TryTake(from, bytes, now, isOverloaded))
            return Drop(ForwardDropReason.Share, count);
        Volatile.Write(ref _count, _count + count);
        Volatile.Write(ref _bytes, _bytes + bytes);
        return ForwardVerdict.Forward;
    }

    private ForwardVerdict Drop(ForwardDropReason reason, int count)
    {
        ref long drops = ref _drops[(int)reason];
        Volatile.Write(ref drops, drops + count);
        return ForwardVerdict.Dropped;
    }
}
