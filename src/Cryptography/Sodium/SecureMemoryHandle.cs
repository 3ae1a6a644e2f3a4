using System.Runtime.InteropServices;

namespace Keyhole.Cryptography;

/// <summary>
/// At most 64 bytes of memory of sodium_malloc: locked, kept out of core dumps, zeroed when released. sodium_malloc costs three mappings and
/// as many pages, so slots are cut from slabs of one page between guard pages: an ephemeral key costs no system call. Keys of sessions and
/// peers, of which there are many, use <see cref="KeyBlockHandle"/>.
/// </summary>
internal sealed class SecureMemoryHandle : SafeHandle
{
    internal const int LongestLength = 64;

    private const int SlabLength = 4096;

    private static readonly Lock s_gate = new();
    private static readonly Stack<nint> s_freeSlots = new();

    public SecureMemoryHandle()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    internal int Length { get; private set; }

    /// <exception cref="InsufficientMemoryException">No memory that can be locked is left.</exception>
    internal static SecureMemoryHandle Create(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LongestLength);
        var memory = new SecureMemoryHandle { Length = length };
        memory.SetHandle(TakeSlot());
        return memory;
    }

    internal static SecureMemoryHandle Create(ReadOnlySpan<byte> content)
    {
        var memory = Create(content.Length);
        content.CopyTo(memory.Bytes);
        return memory;
    }

    private static nint TakeSlot()
    {
        lock (s_gate)
        {
            if (s_freeSlots.TryPop(out nint slot))
                return slot;
            nint slab = Libsodium.sodium_malloc(SlabLength);
            if (slab == 0)
                throw new InsufficientMemoryException("sodium_malloc refuses: no memory that can be locked is left.");
            for (int offset = SlabLength - LongestLength; offset > 0; offset -= LongestLength)
                s_freeSlots.Push(slab + offset);
            return slab;
        }
    }

    /// <summary>Valid while the caller keeps this handle alive and open.</summary>
    /// <exception cref="ObjectDisposedException">The memory was released.</exception>
    internal unsafe Span<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new Span<byte>((void*)handle, Length);
        }
    }

    protected override unsafe bool ReleaseHandle()
    {
        Zero.Fill(new Span<byte>((void*)handle, LongestLength));
        lock (s_gate)
            s_freeSlots.Push(handle);
        return true;
    }
}
