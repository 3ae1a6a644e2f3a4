using System.Runtime.InteropServices;

namespace Keyhole.Fuzz;

/// <summary>
/// Memory between two unmapped pages. An input placed at its end makes a read past the input a crash instead of luck;
/// placed at its start, a read in front of it.
/// </summary>
internal sealed unsafe partial class GuardedBuffer : IDisposable
{
    private const int PageLength = 4096;
    private const int None = 0;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private const byte Filler = 0xA5;

    private readonly byte* _map;
    private readonly byte* _start;
    private readonly nuint _mapLength;

    internal GuardedBuffer(int capacity)
    {
        Capacity = (capacity + PageLength - 1) / PageLength * PageLength;
        _mapLength = (nuint)(Capacity + 2 * PageLength);
        _map = mmap(null, _mapLength, None, PrivateAnonymous, -1, 0);
        if ((nint)_map == -1)
            throw new InvalidOperationException($"mmap refused: errno {Marshal.GetLastPInvokeError()}.");
        _start = _map + PageLength;
        if (mprotect(_start, (nuint)Capacity, ReadWrite) != 0)
            throw new InvalidOperationException($"mprotect refused: errno {Marshal.GetLastPInvokeError()}.");
    }

    internal int Capacity { get; }

    /// <summary>Copies the input to the end (or the start) of the memory; what is beside it is filled with a pattern.</summary>
    internal Span<byte> Place(ReadOnlySpan<byte> input, bool atEnd = true)
    {
        var memory = new Span<byte>(_start, Capacity);
        int offset = atEnd ? Capacity - input.Length : 0;
        var placed = memory.Slice(offset, input.Length);
        input.CopyTo(placed);
        // Only the neighbourhood: what a vector register could take too much.
        if (atEnd)
            memory[Math.Max(0, offset - 256)..offset].Fill(Filler);
        else
            memory.Slice(input.Length, Math.Min(256, Capacity - input.Length)).Fill(Filler);
        return placed;
    }

    public void Dispose() => _ = munmap(_map, _mapLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}
