namespace Keyhole.NetStack;

/// <summary>
/// The sent and unacknowledged segments of a flow in sequence order (RFC 6675), each in one of three conditions: in flight, linked by
/// time of transmission so that RACK looks at no more segments than it marks; lost, linked in sequence order; or sacked.
/// </summary>
internal struct Scoreboard
{
    /// <summary>The end of a list.</summary>
    public const ushort None = ushort.MaxValue;

    private SentSegment[]? _ring;
    private int _head;
    private ushort _oldest;
    private ushort _youngest;
    private ushort _firstLost;
    private ushort _lastLost;

    /// <summary>Segments that are not acknowledged cumulatively.</summary>
    public int Count { get; private set; }

    /// <summary>Sequence space of the segments in flight: neither sacked nor lost (the "pipe" of RFC 6675).</summary>
    public int InFlight { get; private set; }

    public int SackedCount { get; private set; }

    public int SackedLength { get; private set; }

    public int LostCount { get; private set; }

    /// <summary>The least recently transmitted segment in flight.</summary>
    public readonly ushort Oldest => _oldest;

    /// <summary>The segment to be retransmitted next.</summary>
    public readonly ushort FirstLost => _firstLost;

    /// <summary>A segment by the name that its list uses.</summary>
    public readonly ref SentSegment Named(ushort name) => ref _ring![name];

    /// <summary>A segment by its place in the sequence.</summary>
    public readonly ref SentSegment At(int index) => ref _ring![NameOf(index)];

    public readonly ushort NameOf(int index) => (ushort)((_head + index) & (_ring!.Length - 1));

    public void Reset()
    {
        _oldest = _youngest = _firstLost = _lastLost = None;
        _head = Count = InFlight = SackedCount = SackedLength = LostCount = 0;
    }

    public void Release(SegmentRingPool pool, PeerAccount account)
    {
        if (_ring is { } ring)
            pool.Return(account, ring);
        _ring = null;
        Reset();
    }

    /// <summary>Makes sure of room for one more; false when there is no memory for it.</summary>
    public bool TryReserve(SegmentRingPool pool, PeerAccount account)
    {
        if (_ring is { } ring && Count < ring.Length)
            return true;
        var larger = pool.Rent(account, Count + 1);
        if (larger is null)
            return false;
        if (_ring is { } old)
        {
            MoveTo(larger);
            int mask = old.Length - 1;
            (_oldest, _youngest) = (Moved(_oldest, mask, _head), Moved(_youngest, mask, _head));
            (_firstLost, _lastLost) = (Moved(_firstLost, mask, _head), Moved(_lastLost, mask, _head));
            pool.Return(account, old);
        }

        _ring = larger;
        _head = 0;
        return true;
    }

    /// <summary>A segment was transmitted for the first time. <see cref="TryReserve"/> has made room.</summary>
    public ref SentSegment Append(uint seq, int length, SegmentMarks marks, long now)
    {
        ushort name = NameOf(Count++);
        ref var segment = ref _ring![name];
        segment = new SentSegment { Seq = seq, Length = length, Marks = marks, SentAt = now };
        LinkInFlight(name);
        return ref segment;
    }

    /// <summary>The first segment was acknowledged whole.</summary>
    public void RemoveFirst()
    {
        ushort name = NameOf(0);
        Unlink(name);
        _head = (_head + 1) & (_ring!.Length - 1);
        Count--;
    }

    /// <summary>The first <paramref name="length"/> of the first segment's sequence space were acknowledged.</summary>
    public void TrimFirst(int length)
    {
        ref var segment = ref At(0);
        if (segment.Is(SegmentMarks.Sacked))
            SackedLength -= length;
        else if (!segment.Is(SegmentMarks.Lost))
            InFlight -= length;
        segment.Seq += (uint)length;
        segment.Length -= length;
    }

    /// <summary>The place of the first segment that ends after <paramref name="seq"/>.</summary>
    public readonly int Find(uint seq)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (Seq.Greater(At(middle).End, seq))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    public void MarkSacked(ushort name)
    {
        Unlink(name);
        ref var segment = ref _ring![name];
        segment.Marks = (segment.Marks & ~SegmentMarks.Lost) | SegmentMarks.Sacked;
        SackedCount++;
        SackedLength += segment.Length;
    }

    /// <summary>Takes a segment in flight for lost: it waits for retransmission.</summary>
    public void MarkLost(ushort name)
    {
        Unlink(name);
        ref var segment = ref _ring![name];
        segment.Marks = (segment.Marks & ~SegmentMarks.Sacked) | SegmentMarks.Lost;

        // Mostly the last; a retransmission that was lost again comes before what is behind it in the sequence.
        ushort after = _lastLost;
        if (after != None && Seq.Less(segment.Seq, _ring[_firstLost].Seq))
            after = None;
        while (after != None && Seq.Greater(_ring[after].Seq, segment.Seq))
            after = _ring[after].Previous;
        segment.Previous = after;
        segment.Next = after == None ? _firstLost : _ring[after].Next;
        if (after == None)
            _firstLost = name;
        else
            _ring[after].Next = name;
        if (segment.Next == None)
            _lastLost = name;
        else
            _ring[segment.Next].Previous = name;
        LostCount++;
    }

    /// <summary>Transmitted again: in flight, as the youngest.</summary>
    public void MarkRetransmitted(ushort name, long now)
    {
        Unlink(name);
        ref var segment = ref _ring![name];
        segment.Marks = (segment.Marks & ~SegmentMarks.Lost) | SegmentMarks.Retransmitted;
        segment.SentAt = now;
        LinkInFlight(name);
    }

    /// <summary>What was deemed lost was not: back in flight, in the order of the list.</summary>
    public void UndoLost()
    {
        while (_firstLost != None)
        {
            ushort name = _firstLost;
            Unlink(name);
            _ring![name].Marks &= ~SegmentMarks.Lost;
            LinkInFlight(name);
        }
    }

    private void LinkInFlight(ushort name)
    {
        ref var segment = ref _ring![name];

        // Nearly always the youngest; what comes back from the lost list finds its place by its time.
        ushort after = _youngest;
        while (after != None && _ring[after].SentAt > segment.SentAt)
            after = _ring[after].Previous;
        segment.Previous = after;
        segment.Next = after == None ? _oldest : _ring[after].Next;
        if (after == None)
            _oldest = name;
        else
            _ring[after].Next = name;
        if (segment.Next == None)
            _youngest = name;
        else
            _ring[segment.Next].Previous = name;
        InFlight += segment.Length;
    }

    private void Unlink(ushort name)
    {
        ref var segment = ref _ring![name];
        if (segment.Is(SegmentMarks.Sacked))
        {
            SackedCount--;
            SackedLength -= segment.Length;
            return;
        }

        bool lost = segment.Is(SegmentMarks.Lost);
        if (segment.Previous != None)
            _ring[segment.Previous].Next = segment.Next;
        else if (lost)
            _firstLost = segment.Next;
        else
            _oldest = segment.Next;
        if (segment.Next != None)
            _ring[segment.Next].Previous = segment.Previous;
        else if (lost)
            _lastLost = segment.Previous;
        else
            _youngest = segment.Previous;
        if (lost)
            LostCount--;
        else
            InFlight -= segment.Length;
    }

    private readonly void MoveTo(SentSegment[] larger)
    {
        int mask = _ring!.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            larger[i] = At(i);
            ref var moved = ref larger[i];
            moved.Next = Moved(moved.Next, mask, _head);
            moved.Previous = Moved(moved.Previous, mask, _head);
        }
    }

    private static ushort Moved(ushort name, int mask, int head) => name == None ? None : (ushort)((name - head) & mask);
}
