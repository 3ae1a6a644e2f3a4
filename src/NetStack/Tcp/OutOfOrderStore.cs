using System.Runtime.CompilerServices;

namespace Keyhole.NetStack;

/// <summary>
/// Which bytes of a stream lie behind holes, as at most 64 disjoint intervals in order, each with the age of its latest arrival for the
/// order of SACK blocks (RFC 2018 section 4: the most recent first). The bytes themselves are in the flow's receive queue.
/// </summary>
internal sealed class OutOfOrderStore
{
    /// <summary>What a peer may make a flow remember.</summary>
    public const int MaximumIntervals = 64;

    private Intervals _intervals;
    private uint _arrivals;

    public int Count { get; private set; }

    /// <summary>Offset behind the last byte of the last interval.</summary>
    public long End => Count == 0 ? 0 : _intervals[Count - 1].End;

    public Interval this[int index] => _intervals[index];

    public void Clear() => Count = 0;

    /// <summary>
    /// The first run within [start, end) that is in no interval. What is there already is kept as it is: of two segments that disagree
    /// about a byte, the first one counts.
    /// </summary>
    public bool TryFindGap(long start, long end, out long gapStart, out long gapEnd)
    {
        gapStart = start;
        for (int i = 0; i < Count && gapStart < end; i++)
        {
            ref readonly var interval = ref _intervals[i];
            if (interval.End <= gapStart)
                continue;
            if (interval.Start > gapStart)
            {
                gapEnd = Math.Min(end, interval.Start);
                return true;
            }

            gapStart = interval.End;
        }

        gapEnd = end;
        return gapStart < end;
    }

    /// <summary>True when one interval has all of [start, end).</summary>
    public bool Contains(long start, long end, out Interval interval)
    {
        for (int i = 0; i < Count; i++)
        {
            interval = _intervals[i];
            if (interval.Start <= start && end <= interval.End)
                return true;
        }

        interval = default;
        return false;
    }

    /// <summary>False when [start, end) touches no interval and there is no room for another.</summary>
    public bool CanAdd(long start, long end)
    {
        if (Count < MaximumIntervals)
            return true;
        for (int i = 0; i < Count; i++)
        {
            if (_intervals[i].Start <= end && start <= _intervals[i].End)
                return true;
        }

        return false;
    }

    /// <summary>Joins [start, end) with the intervals that it overlaps or touches. <see cref="CanAdd"/> must hold.</summary>
    public void Add(long start, long end)
    {
        int first = 0;
        while (first < Count && _intervals[first].End < start)
            first++;
        int behind = first;
        while (behind < Count && _intervals[behind].Start <= end)
        {
            start = Math.Min(start, _intervals[behind].Start);
            end = Math.Max(end, _intervals[behind].End);
            behind++;
        }

        var span = (Span<Interval>)_intervals;
        if (behind == first)
            span[first..Count].CopyTo(span[(first + 1)..]);
        else if (behind > first + 1)
            span[behind..Count].CopyTo(span[(first + 1)..]);
        Count += 1 - (behind - first);
        span[first] = new Interval(start, end, ++_arrivals);
    }

    /// <summary>
    /// The stream is contiguous up to <paramref name="offset"/>: takes out what that covers, and returns how far the interval that now
    /// adjoins reaches, or the offset itself.
    /// </summary>
    public long Advance(long offset)
    {
        int taken = 0;
        while (taken < Count && _intervals[taken].Start <= offset)
            offset = Math.Max(offset, _intervals[taken++].End);
        if (taken > 0)
        {
            var span = (Span<Interval>)_intervals;
            span[taken..Count].CopyTo(span);
            Count -= taken;
        }

        return offset;
    }

    /// <summary>The intervals by their latest arrival, the most recent first; returns how many entries were filled.</summary>
    public int MostRecent(Span<Interval> destination)
    {
        int filled = 0;
        uint below = uint.MaxValue;
        while (filled < destination.Length && filled < Count)
        {
            int newest = -1;
            for (int i = 0; i < Count; i++)
            {
                if (Age(i) < below && (newest < 0 || Age(i) > Age(newest)))
                    newest = i;
            }

            if (newest < 0)
                break;
            below = Age(newest);
            destination[filled++] = _intervals[newest];
        }

        return filled;

        // Counted back from the latest arrival, so that the counter may wrap.
        uint Age(int index) => uint.MaxValue - 1 - (_arrivals - _intervals[index].Arrival);
    }

    /// <summary>Bytes from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
    internal readonly record struct Interval(long Start, long End, uint Arrival);

    [InlineArray(MaximumIntervals)]
    private struct Intervals
    {
        private Interval _first;
    }
}
