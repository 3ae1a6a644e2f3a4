namespace Keyhole.NetStack;

/// <summary>
/// Pinned memory for queued bytes, in slabs of 16 KiB that are named by number. Slabs of a queue are linked through
/// <see cref="Next"/> in the order of the stream. Memory that was once needed is kept for the next flow.
/// </summary>
internal sealed class SlabPool(BufferBudget budget)
{
    public const int SlabShift = 14;
    public const int SlabSize = 1 << SlabShift;

    /// <summary>No slab.</summary>
    public const int None = -1;

    private const int ChunkShift = 6;
    private const int SlabsPerChunk = 1 << ChunkShift;

    private readonly List<byte[]> _chunks = [];
    private int[] _next = [];
    private long[] _position = [];
    private int _free = None;

    public BufferBudget Budget { get; } = budget;

    /// <summary>Slabs that some queue holds.</summary>
    public int InUse { get; private set; }

    /// <summary>A slab, most recently used first; <see cref="None"/> when the budget is spent.</summary>
    public int Rent(PeerAccount account)
    {
        if (!Budget.TryTake(account, SlabSize))
            return None;
        if (_free == None)
            Grow();
        int slab = _free;
        _free = _next[slab];
        InUse++;
        return slab;
    }

    public void Return(int slab, PeerAccount account)
    {
        Budget.GiveBack(account, SlabSize);
        _next[slab] = _free;
        _free = slab;
        InUse--;
    }

    /// <summary>The slab after this one in its queue.</summary>
    public ref int Next(int slab) => ref _next[slab];

    /// <summary>Which 16 KiB of its stream the slab holds: stream offset divided by <see cref="SlabSize"/>.</summary>
    public ref long Position(int slab) => ref _position[slab];

    public Span<byte> Span(int slab, int from, int length) =>
        _chunks[slab >> ChunkShift].AsSpan(((slab & (SlabsPerChunk - 1)) << SlabShift) + from, length);

    public Memory<byte> Memory(int slab, int from, int length) =>
        _chunks[slab >> ChunkShift].AsMemory(((slab & (SlabsPerChunk - 1)) << SlabShift) + from, length);

    private void Grow()
    {
        int first = _chunks.Count << ChunkShift;
        _chunks.Add(GC.AllocateUninitializedArray<byte>(SlabsPerChunk << SlabShift, pinned: true));
        if (_next.Length < first + SlabsPerChunk)
        {
            Array.Resize(ref _next, Math.Max(first + SlabsPerChunk, _next.Length * 2));
            Array.Resize(ref _position, _next.Length);
        }

        for (int slab = first + SlabsPerChunk - 1; slab >= first; slab--)
        {
            _next[slab] = _free;
            _free = slab;
        }
    }
}
