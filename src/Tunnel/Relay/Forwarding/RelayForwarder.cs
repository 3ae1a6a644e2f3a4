using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Blind forwarding as one data thread does it: of a run of datagrams with equal first eight bytes it looks at these and at the lengths, and says where the run
/// goes. Each thread has its own; the table is shared.
/// </summary>
public sealed class RelayForwarder
{
    /// <summary>Runs that are looked up together: their waits for memory overlap, and what they read stays in the nearest cache.</summary>
    public const int MaximumRuns = 32;

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

    // This thread only. The queries are of the runs that are at hand, and were answered at a version of the table.
    private readonly AgentShares _shares;
    private readonly RouteQuery[] _queries = new RouteQuery[MaximumRuns];
    private int _queryCount;
    private int _version;

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

    /// <summary>Makes room for the next runs.</summary>
    public void Begin() => _queryCount = 0;

    /// <summary>Adds a run, of which there are fewer than <see cref="MaximumRuns"/>, behind the others.</summary>
    /// <param name="first">The first datagram, whole.</param>
    public void Add(in IpEndpoint source, ReadOnlySpan<byte> first)
    {
        ref var query = ref _queries[_queryCount++];
        bool isData = IsTransportData(first);

        // Nobody is at port 0: what is no data finds no way.
        query.Source = isData ? source : default;
        query.ReceiverIndex = isData ? BinaryPrimitives.ReadUInt32LittleEndian(first[4..]) : 0;
    }

    /// <summary>Looks up where all of them go.</summary>
    /// <param name="now">Monotonic microseconds.</param>
    public void LookUp(long now) => _version = _table.Route(_queries.AsSpan(0, _queryCount), now);

    /// <summary>Judges a run: datagrams of one source, one length (the last may be shorter) and equal first eight bytes.</summary>
    /// <param name="run">Its place among those that were added.</param>
    /// <param name="length">Of each datagram but the last.</param>
    /// <param name="count">Datagrams in the run.</param>
    /// <param name="bytes">Their lengths together.</param>
    /// <param name="now">Monotonic microseconds, as in <see cref="LookUp"/>.</param>
    /// <param name="isOverloaded">More comes than the thread can take: nobody gets more than the others want.</param>
    /// <param name="forwarded">How many of them go on, from the first: all but a last one that cannot be transport data.</param>
    public ForwardVerdict TryForward(
        int run,
        int length,
        int count,
        int bytes,
        long now,
        bool isOverloaded,
        out int forwarded,
        out IpEndpoint destination)
    {
        ref var query = ref _queries[run];

        // What a datagram before it changed holds for this one already.
        if (_table.Version != _version)
            query.IsRouted = _table.TryRoute(query.Source, query.ReceiverIndex, now, out query.From, out query.To, out query.Destination);
        destination = query.Destination;
        return Judge(query, length, count, bytes, now, isOverloaded, out forwarded);
    }

    /// <summary>Looks up and judges a run that comes alone.</summary>
    public ForwardVerdict TryForward(
        in IpEndpoint source,
        ReadOnlySpan<byte> first,
        int count,
        int bytes,
        long now,
        bool isOverloaded,
        out int forwarded,
        out IpEndpoint destination)
    {
        Begin();
        Add(source, first);
        LookUp(now);
        return TryForward(0, first.Length, count, bytes, now, isOverloaded, out forwarded, out destination);
    }

    private static bool IsTransportData(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= MinimumLength && BinaryPrimitives.ReadUInt32LittleEndian(datagram) == TransportData;

    private ForwardVerdict Judge(in RouteQuery query, int length, int count, int bytes, long now, bool isOverloaded, out int forwarded)
    {
        forwarded = 0;
        if (!query.IsRouted)
            return query.To < 0 ? ForwardVerdict.NotMine : Drop(ForwardDropReason.NoAddress, count);
        int last = bytes - (count - 1) * length;
        if (last < MinimumLength)
        {
            Drop(ForwardDropReason.Malformed, 1);
            count--;
            bytes -= last;
        }

        if ((isOverloaded || _shares.IsLimiting) && !_shares.TryTake(query.From, bytes, now, isOverloaded))
            return Drop(ForwardDropReason.Share, count);
        forwarded = count;
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
