namespace Keyhole.NetStack;

/// <summary>Arrays for the records of sent segments, in sizes of powers of four, counted against the buffer budget.</summary>
internal sealed class SegmentRingPool(BufferBudget budget)
{
    public const int Smallest = 16;
    public const int Largest = 16_384;

    /// <summary>What one record is counted for.</summary>
    public const int RecordLength = 56;

    private const int KeptPerSize = 64;
    private const int SizeCount = 6;

    private readonly Stack<SentSegment[]>[] _free = Create();

    /// <summary>An array of at least this many records, or null when that is too many or the budget is spent. The smallest is always to be had.</summary>
    public SentSegment[]? Rent(PeerAccount account, int count)
    {
        int size = 0;
        int length = Smallest;
        for (; length < count; length *= 4)
            size++;
        length = Math.Min(length, Largest);
        if (length < count || (size > 0 && !budget.TryTake(account, length * RecordLength)))
            return null;
        return _free[size].TryPop(out var ring) ? ring : new SentSegment[length];
    }

    public void Return(PeerAccount account, SentSegment[] ring)
    {
        int size = 0;
        for (int length = Smallest; length < ring.Length; length *= 4)
            size++;
        if (size > 0)
            budget.GiveBack(account, ring.Length * RecordLength);
        if (_free[size].Count < (size == 0 ? 16 * KeptPerSize : KeptPerSize))
            _free[size].Push(ring);
    }

    private static Stack<SentSegment[]>[] Create()
    {
        var free = new Stack<SentSegment[]>[SizeCount];
        for (int i = 0; i < SizeCount; i++)
            free[i] = new Stack<SentSegment[]>(KeptPerSize);
        return free;
    }
}
