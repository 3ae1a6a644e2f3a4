using System.Diagnostics;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Datagrams on their way out, in order. They are written in place (<see cref="TryReserve(int, out Span{byte})"/>, then <see cref="Commit"/>),
/// copied (<see cref="TryCopy"/>), or left where they were received (<see cref="TryEnqueue(in DatagramRun, in IpEndpoint, in IpAddress)"/>).
/// Datagrams to one destination with one size and traffic class are gathered into one message, without a copy; the order of the
/// datagrams to a destination is never changed. When a method returns false the batch is full: send it and try again.
/// </summary>
public sealed unsafe class SendBatch : IDisposable
{
    /// <summary>Every kernel with UDP_SEGMENT takes 64.</summary>
    internal const int MaximumSegments = 64;

    /// <summary>The longest UDP payload over IPv4.</summary>
    internal const int MaximumLength = 65507;

    internal const int MaximumVectors = 64;

    private const nuint ReserveAlignment = 16;

    private readonly NativeBlock _block;
    private readonly OutgoingMessage* _messages;
    private readonly iovec* _vectors;
    private readonly byte* _arena;
    private readonly OpenMessages _open;

    private nuint _arenaUsed;
    // The open reservation: where it starts, its length or -1, the end of its last commit, and how many it may still have.
    private nuint _reservedAt;
    private int _reserved = -1;
    private int _committed;
    private int _mayCommit;
    // The last receive batch that a message points into, and its state then.
    private ReceiveBatch? _referenced;
    private int _referencedGeneration;

    /// <param name="capacity">Messages, each to one destination.</param>
    /// <param name="arenaLength">Bytes for what is written or copied into the batch.</param>
    public SendBatch(int capacity = 512, int arenaLength = 1 << 20)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegative(arenaLength);
        Capacity = capacity;
        ArenaLength = arenaLength;
        _block = new NativeBlock(NativeBlock.LengthOf<OutgoingMessage>(capacity)
            + NativeBlock.LengthOf<iovec>(capacity * MaximumVectors) + NativeBlock.LengthOf<byte>(arenaLength));
        _messages = _block.Take<OutgoingMessage>(capacity);
        _vectors = _block.Take<iovec>(capacity * MaximumVectors);
        _arena = _block.Take<byte>(arenaLength);
        _open = new OpenMessages(capacity);
    }

    public int Capacity { get; }

    public int ArenaLength { get; }

    /// <summary>Messages: groups of datagrams that leave together.</summary>
    public int Count { get; private set; }

    /// <summary>Datagrams in all messages.</summary>
    public int DatagramCount { get; private set; }

    public bool IsEmpty => Count == 0;

    /// <summary>Room for one datagram of up to <paramref name="length"/> bytes, aligned to 16; false when the batch is full.</summary>
    public bool TryReserve(int length, out Span<byte> slot) => TryReserve(length, 1, out slot);

    /// <summary>Room for up to <paramref name="count"/> datagrams of <paramref name="length"/> bytes together, aligned to 16; false when the batch is full.</summary>
    public bool TryReserve(int length, int count, out Span<byte> slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Capacity);
        nuint start = (_arenaUsed + ReserveAlignment - 1) & ~(ReserveAlignment - 1);
        if (Count + count > Capacity || start + (nuint)length > (nuint)ArenaLength)
        {
            if (length > ArenaLength)
                throw new ArgumentOutOfRangeException(nameof(length), length, "Longer than the arena of the batch.");
            slot = default;
            return false;
        }

        _reservedAt = start;
        _committed = 0;
        _reserved = length;
        _mayCommit = count;
        slot = Reserved;
        return true;
    }

    /// <summary>What was reserved last; empty once a commit has closed it.</summary>
    public Span<byte> Reserved => new(_arena + _reservedAt, Math.Max(_reserved, 0));

    /// <summary>The first <paramref name="length"/> bytes of the reserved slot are a datagram. Without a commit the reservation was nothing.</summary>
    public void Commit(in IpEndpoint destination, int length, byte trafficClass = 0, in IpAddress source = default)
    {
        CommitAt(destination, 0, length, trafficClass, source);
        _reserved = -1;
    }

    /// <summary>
    /// The <paramref name="length"/> bytes at <paramref name="offset"/> of the reserved room are a datagram. The reservation stays open for further
    /// ones behind it; the next reservation begins after the last of them.
    /// </summary>
    /// <param name="whole">
    /// Nobody may cut the datagram in fragments (DF): it is lost where it is longer than the MTU. Without effect where
    /// <see cref="DatagramCapabilities.PathProbes"/> is false.
    /// </param>
    public void CommitAt(in IpEndpoint destination, int offset, int length, byte trafficClass = 0, in IpAddress source = default, bool whole = false)
    {
        if (_mayCommit == 0 || offset < _committed || length < 0 || (long)offset + length > _reserved)
            throw new InvalidOperationException("A commit follows a reservation, is not longer than it, and comes behind the commits before it.");
        _mayCommit--;
        _committed = offset + length;
        _arenaUsed = _reservedAt + (nuint)_committed;
        Append(_arena + _reservedAt + offset, length, length, 1, destination, trafficClass, source, whole);
    }

    /// <summary>Copies one datagram into the batch; false when it is full.</summary>
    public bool TryCopy(in IpEndpoint destination, ReadOnlySpan<byte> datagram, byte trafficClass = 0, in IpAddress source = default)
    {
        if (!TryReserve(datagram.Length, out var slot))
            return false;
        datagram.CopyTo(slot);
        Commit(destination, datagram.Length, trafficClass, source);
        return true;
    }

    /// <summary>
    /// Sends a received run on, with its traffic class, from where it lies: it must not be received over before the batch is
    /// sent. False when the batch is full.
    /// </summary>
    public bool TryEnqueue(in DatagramRun run, in IpEndpoint destination, in IpAddress source = default)
    {
        // Almost always one piece: a run of IPv6 can be a little longer than what IPv4 takes.
        int most = run.SegmentSize == 0 ? 1 : Math.Min(MaximumSegments, MaximumLength / run.SegmentSize);
        if (Count + (run.Count - 1) / Math.Max(most, 1) >= Capacity)
            return false;
        Reference(run.Owner);
        if (run.Count <= most)
            Append(run.Start, run.Length, run.SegmentSize, run.Count, destination, run.TrafficClass, source);
        else
            AppendPieces(run, Math.Max(most, 1), destination, source);
        return true;
    }

    /// <summary>
    /// Sends one datagram that lies in the buffers of <paramref name="owner"/> (a received one that was changed in place),
    /// from there. It must not be received over before the batch is sent. False when the batch is full.
    /// </summary>
    /// <exception cref="ArgumentException">The bytes lie elsewhere.</exception>
    public bool TryEnqueue(
        ReceiveBatch owner, ReadOnlySpan<byte> datagram, in IpEndpoint destination, byte trafficClass = 0, in IpAddress source = default)
    {
        ArgumentNullException.ThrowIfNull(owner);
        if (Count == Capacity)
            return false;
        fixed (byte* start = datagram)
        {
            if (!owner.Contains(start, datagram.Length))
                throw new ArgumentException("The bytes are not in the buffers of this receive batch.", nameof(datagram));
            // Native memory: nothing moves it after this block.
            Reference(owner);
            Append(start, datagram.Length, datagram.Length, 1, destination, trafficClass, source);
        }

        return true;
    }

    /// <summary>Empties the batch without sending.</summary>
    public void Clear()
    {
        Count = 0;
        DatagramCount = 0;
        _arenaUsed = 0;
        _reserved = -1;
        _referenced = null;
        _open.Clear();
    }

    public void Dispose()
    {
        Clear();
        _block.Dispose();
    }

    internal OutgoingMessage* Message(int index) => _messages + index;

    internal iovec* Vectors(int index) => _vectors + (nint)index * MaximumVectors;

    /// <summary>Debug builds find out when a batch was received over before it was sent.</summary>
    [Conditional("DEBUG")]
    internal void AssertReferencesLive() =>
        Debug.Assert(_referenced is null || _referenced.Generation == _referencedGeneration, "Received over before it was sent.");

    private void Reference(ReceiveBatch owner)
    {
        AssertReferencesLive();
        _referenced = owner;
        _referencedGeneration = owner.Generation;
    }

    private void AppendPieces(in DatagramRun run, int most, in IpEndpoint destination, in IpAddress source)
    {
        for (int done = 0; done < run.Count; done += most)
        {
            var piece = run.Slice(done, Math.Min(most, run.Count - done));
            Append(piece.Start, piece.Length, piece.SegmentSize, piece.Count, destination, piece.TrafficClass, source);
        }
    }

    private void Append(
        byte* start, int length, int segmentSize, int segments, in IpEndpoint destination, byte trafficClass, in IpAddress source, bool whole = false)
    {
        Debug.Assert(Count < Capacity);
        DatagramCount += segments;
        ref int open = ref _open.Find(destination, _messages);
        if (open >= 0 && !whole && TryGather(open, start, length, segmentSize, segments, trafficClass, source))
            return;
        open = Count;
        _messages[Count] = new OutgoingMessage
        {
            Destination = destination,
            Source = source,
            Length = length,
            SegmentSize = segmentSize,
            Segments = segments,
            Vectors = 1,
            TrafficClass = trafficClass,
            Closed = whole || length == 0 || length != segments * segmentSize,
            Whole = whole,
        };
        *Vectors(Count) = new iovec { iov_base = start, iov_len = (nuint)length };
        Count++;
    }

    private bool TryGather(int index, byte* start, int length, int segmentSize, int segments, byte trafficClass, in IpAddress source)
    {
        var message = _messages + index;
        bool full = length == segments * message->SegmentSize;
        bool tail = segments == 1 ? length < message->SegmentSize : segmentSize == message->SegmentSize;
        if (message->Closed || length == 0 || !(full || tail) || message->TrafficClass != trafficClass
            || message->Segments + segments > MaximumSegments || message->Length + length > MaximumLength || message->Source != source)
            return false;
        var vector = Vectors(index) + message->Vectors - 1;
        if (vector->iov_base + vector->iov_len == start)
        {
            vector->iov_len += (nuint)length;
        }
        else
        {
            if (message->Vectors == MaximumVectors)
                return false;
            vector[1] = new iovec { iov_base = start, iov_len = (nuint)length };
            message->Vectors++;
        }

        message->Length += length;
        message->Segments += segments;
        message->Closed = !full;
        return true;
    }
}
