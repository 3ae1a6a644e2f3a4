#if !DEBUG
#pragma warning disable CA1822 // Without the fields that Debug builds check, these have no state to read.
#endif
using System.Diagnostics;

namespace Keyhole.Packets;

/// <summary>
/// A fixed number of equal buffers in one pinned block, handed out as <see cref="PacketBuffer"/>. It never grows: when all are out,
/// <see cref="TryRent"/> is false and the packet is dropped. One thread at a time.
/// </summary>
/// <remarks>
/// Ownership is a type: a <see cref="PacketBuffer"/> owns, a <see cref="PacketLoan"/> borrows. An owner is either moved on
/// (<see cref="PacketBuffer.Move"/>) or returned (<see cref="PacketBuffer.Return"/>), once, and not while it is lent. Debug builds check
/// every use against the buffer's generation, so that a stale copy of an owner is found, and fill returned bytes with 0xDD.
/// </remarks>
public sealed class PacketPool
{
    /// <summary>In front of every packet: a WireGuard transport header.</summary>
    public const int MinimumHeadRoom = 16;

    /// <summary>Behind every packet: padding to 16 bytes and the tag.</summary>
    public const int MinimumTailRoom = 32;

    private readonly byte[] _memory;
    private readonly int _stride;
    private readonly int[] _free;
    private int _freeCount;
#if DEBUG
    private readonly uint[] _generations;
    private readonly int[] _loans;
#endif

    /// <param name="count">How many packets may be out at once.</param>
    /// <param name="packetLength">The longest packet, in bytes.</param>
    /// <param name="headRoom">At least <see cref="MinimumHeadRoom"/>.</param>
    /// <param name="tailRoom">At least <see cref="MinimumTailRoom"/>.</param>
    public PacketPool(int count, int packetLength, int headRoom = MinimumHeadRoom, int tailRoom = MinimumTailRoom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(packetLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(headRoom, MinimumHeadRoom);
        ArgumentOutOfRangeException.ThrowIfLessThan(tailRoom, MinimumTailRoom);
        HeadRoom = headRoom;
        TailRoom = tailRoom;
        PacketLength = packetLength;
        Count = count;

        // A cache line per boundary, so that two buffers never share one.
        _stride = (headRoom + packetLength + tailRoom + 63) & ~63;
        _memory = GC.AllocateArray<byte>(checked(_stride * count), pinned: true);
        _free = new int[count];
        for (int i = 0; i < count; i++)
            _free[i] = count - 1 - i;
        _freeCount = count;
#if DEBUG
        _generations = new uint[count];
        _loans = new int[count];
#endif
    }

    public int Count { get; }

    public int PacketLength { get; }

    public int HeadRoom { get; }

    public int TailRoom { get; }

    /// <summary>How many can still be rented.</summary>
    public int FreeCount => _freeCount;

    /// <summary>The memory that the pool holds, in bytes.</summary>
    public int MemoryLength => _memory.Length;

    /// <summary>False when every buffer is out. The packet's bytes are not cleared.</summary>
    public bool TryRent(out PacketBuffer buffer)
    {
        if (_freeCount == 0)
        {
            buffer = default;
            return false;
        }

        int index = _free[--_freeCount];
        buffer = new PacketBuffer(this, index, GenerationOf(index));
        return true;
    }

    internal Span<byte> Whole(int index) => _memory.AsSpan(index * _stride, HeadRoom + PacketLength + TailRoom);

    internal void Return(int index, uint generation)
    {
        CheckOwner(index, generation);
        CheckNotLent(index);
        Retire(index);
        _free[_freeCount++] = index;
    }

    internal uint Move(int index, uint generation)
    {
        CheckOwner(index, generation);
        CheckNotLent(index);
#if DEBUG
        return ++_generations[index];
#else
        return generation;
#endif
    }

    [Conditional("DEBUG")]
    internal void CheckOwner(int index, uint generation)
    {
#if DEBUG
        if (_generations[index] != generation)
            Throw.Ownership("The packet buffer was moved on or returned: this copy owns nothing.");
#endif
    }

    [Conditional("DEBUG")]
    internal void BeginLoan(int index, uint generation)
    {
        CheckOwner(index, generation);
#if DEBUG
        _loans[index]++;
#endif
    }

    [Conditional("DEBUG")]
    internal void EndLoan(int index)
    {
#if DEBUG
        _loans[index]--;
#endif
    }

    [Conditional("DEBUG")]
    private void CheckNotLent(int index)
    {
#if DEBUG
        if (_loans[index] != 0)
            Throw.Ownership("The packet buffer is lent: the loan ends before it is moved on or returned.");
#endif
    }

    [Conditional("DEBUG")]
    private void Retire(int index)
    {
#if DEBUG
        _generations[index]++;
        Whole(index).Fill(0xDD);
#endif
    }

    private uint GenerationOf(int index)
    {
#if DEBUG
        return _generations[index];
#else
        return 0;
#endif
    }
}
