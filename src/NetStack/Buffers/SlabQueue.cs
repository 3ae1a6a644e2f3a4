namespace Keyhole.NetStack;

/// <summary>
/// Bytes of a stream by their offset, in slabs that exist only where bytes are: an empty queue holds no memory, and data that came
/// ahead of a hole lies where it will be read. The bytes from <see cref="Head"/> to <see cref="Tail"/> are contiguous.
/// </summary>
internal struct SlabQueue
{
    private const int OffsetMask = SlabPool.SlabSize - 1;

    private int _first;
    private int _last;
    private int _cursor;

    /// <summary>Offset of the first byte that is kept.</summary>
    public long Head { get; private set; }

    /// <summary>Offset behind the last byte of the contiguous run.</summary>
    public long Tail { get; private set; }

    public readonly int Length => (int)(Tail - Head);

    /// <summary>True when no slab is held.</summary>
    public readonly bool IsFree => _first == SlabPool.None;

    public void Reset()
    {
        _first = _last = _cursor = SlabPool.None;
        Head = Tail = 0;
    }

    /// <summary>
    /// Stores bytes at an offset not before <see cref="Head"/>, without moving <see cref="Tail"/>; returns how many found memory.
    /// </summary>
    public int Write(SlabPool pool, PeerAccount account, long offset, ReadOnlySpan<byte> bytes)
    {
        int written = 0;
        while (written < bytes.Length)
        {
            int slab = Find(pool, account, offset >> SlabPool.SlabShift, rent: true);
            if (slab == SlabPool.None)
                break;
            int from = (int)offset & OffsetMask;
            int length = Math.Min(bytes.Length - written, SlabPool.SlabSize - from);
            bytes.Slice(written, length).CopyTo(pool.Span(slab, from, length));
            written += length;
            offset += length;
        }

        return written;
    }

    /// <summary>The memory at an offset up to the end of its slab, for the caller to fill; empty when there is none.</summary>
    public Memory<byte> Reserve(SlabPool pool, PeerAccount account, long offset)
    {
        int slab = Find(pool, account, offset >> SlabPool.SlabShift, rent: true);
        int from = (int)offset & OffsetMask;
        return slab == SlabPool.None ? default : pool.Memory(slab, from, SlabPool.SlabSize - from);
    }

    /// <summary>Bytes that were stored at the tail now belong to the contiguous run.</summary>
    public void Append(int length) => Tail += length;

    /// <summary>The run of stored bytes at an offset, at most <paramref name="maximum"/> and at most to the end of the slab.</summary>
    public ReadOnlySpan<byte> Read(SlabPool pool, long offset, int maximum)
    {
        int slab = Find(pool, PeerAccount.None, offset >> SlabPool.SlabShift, rent: false);
        int from = (int)offset & OffsetMask;
        return pool.Span(slab, from, Math.Min(maximum, SlabPool.SlabSize - from));
    }

    /// <summary>As <see cref="Read"/>, as memory.</summary>
    public ReadOnlyMemory<byte> ReadMemory(SlabPool pool, long offset, int maximum)
    {
        int slab = Find(pool, PeerAccount.None, offset >> SlabPool.SlabShift, rent: false);
        int from = (int)offset & OffsetMask;
        return pool.Memory(slab, from, Math.Min(maximum, SlabPool.SlabSize - from));
    }

    /// <summary>Drops bytes at the head; a slab goes back when nothing before <paramref name="keepUntil"/> lies in it any more.</summary>
    /// <param name="keepUntil">Offset behind the last byte stored anywhere: Tail, or beyond it where data waits behind holes.</param>
    public void Consume(SlabPool pool, PeerAccount account, int length, long keepUntil)
    {
        Head += length;
        long position = Head >= keepUntil ? long.MaxValue : Head >> SlabPool.SlabShift;
        while (_first != SlabPool.None && pool.Position(_first) < position)
        {
            int next = pool.Next(_first);
            if (_cursor == _first)
                _cursor = next;
            pool.Return(_first, account);
            _first = next;
        }

        if (_first == SlabPool.None)
            _last = _cursor = SlabPool.None;
    }

    /// <summary>Gives back every slab in which no byte before <paramref name="end"/> lies.</summary>
    public void TrimTail(SlabPool pool, PeerAccount account, long end)
    {
        if (end <= Head)
        {
            Clear(pool, account);
            return;
        }

        long position = (end - 1) >> SlabPool.SlabShift;
        if (_last == SlabPool.None || pool.Position(_last) <= position)
            return;
        int kept = SlabPool.None;
        int slab = _first;
        while (slab != SlabPool.None && pool.Position(slab) <= position)
        {
            kept = slab;
            slab = pool.Next(slab);
        }

        while (slab != SlabPool.None)
        {
            int next = pool.Next(slab);
            pool.Return(slab, account);
            slab = next;
        }

        if (kept == SlabPool.None)
            _first = SlabPool.None;
        else
            pool.Next(kept) = SlabPool.None;
        _last = _cursor = kept;
    }

    /// <summary>Gives back all memory; the offsets stay.</summary>
    public void Clear(SlabPool pool, PeerAccount account)
    {
        for (int slab = _first; slab != SlabPool.None;)
        {
            int next = pool.Next(slab);
            pool.Return(slab, account);
            slab = next;
        }

        _first = _last = _cursor = SlabPool.None;
    }

    // The slab of a position. The chain is sorted; most calls hit the cursor or the end.
    private int Find(SlabPool pool, PeerAccount account, long position, bool rent)
    {
        if (_cursor != SlabPool.None && pool.Position(_cursor) == position)
            return _cursor;
        int before = SlabPool.None;
        if (_last != SlabPool.None && pool.Position(_last) <= position)
            before = _last;
        else if (_cursor != SlabPool.None && pool.Position(_cursor) < position)
            before = _cursor;
        else if (_first != SlabPool.None && pool.Position(_first) <= position)
            before = _first;
        if (before != SlabPool.None)
        {
            for (int next = pool.Next(before); next != SlabPool.None && pool.Position(next) <= position; next = pool.Next(before))
                before = next;
            if (pool.Position(before) == position)
                return _cursor = before;
        }

        if (!rent)
            throw new InvalidOperationException("No byte was stored at this offset.");
        int slab = pool.Rent(account);
        if (slab == SlabPool.None)
            return SlabPool.None;
        pool.Position(slab) = position;
        Insert(pool, slab, before);
        return _cursor = slab;
    }

    private void Insert(SlabPool pool, int slab, int before)
    {
        if (before == SlabPool.None)
        {
            pool.Next(slab) = _first;
            _first = slab;
        }
        else
        {
            pool.Next(slab) = pool.Next(before);
            pool.Next(before) = slab;
        }

        if (pool.Next(slab) == SlabPool.None)
            _last = slab;
    }
}
