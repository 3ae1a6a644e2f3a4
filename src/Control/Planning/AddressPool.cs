namespace Keyhole.Control;

/// <summary>Aligned blocks of offsets, taken forward from a cursor and only then from the start again.</summary>
internal sealed class AddressPool(long first, long end)
{
    /// <summary>Disjoint blocks by their start.</summary>
    private readonly SortedSet<(long Start, long Size)> _used = [];

    public void Reserve(long start, long size) => _used.Add((start, size));

    /// <summary>Takes <paramref name="size"/> (a power of two) free offsets, aligned, and moves the cursor behind them.</summary>
    /// <returns>False when the whole range holds no such block.</returns>
    public bool TryTake(long size, ref long cursor, out long start)
    {
        if (!TryFind(Math.Max(cursor, first), size, out start) && !TryFind(first, size, out start))
            return false;
        _used.Add((start, size));
        cursor = start + size;
        return true;
    }

    private bool TryFind(long from, long size, out long start)
    {
        for (start = Align(from, size); start + size <= end; start = Align(start, size))
        {
            // Blocks are disjoint: only the last one that begins before the end of the candidate can reach into it.
            var last = _used.GetViewBetween((long.MinValue, 0), (start + size - 1, long.MaxValue)).Max;
            if (last.Start + last.Size <= start)
                return true;
            start = last.Start + last.Size;
        }

        return false;
    }

    private static long Align(long value, long size) => (value + size - 1) & -size;
}
