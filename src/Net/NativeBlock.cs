using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Keyhole.Net;

/// <summary>Zeroed memory outside the heap, aligned to a page, from which arrays are taken once and for all.</summary>
internal sealed unsafe class NativeBlock : SafeHandleZeroOrMinusOneIsInvalid
{
    private const nuint PageLength = 4096;
    private const nuint CacheLineLength = 64;

    private readonly nuint _length;
    private nuint _taken;

    internal NativeBlock(nuint length) : base(ownsHandle: true)
    {
        _length = length;
        void* start = NativeMemory.AlignedAlloc(length, PageLength);
        NativeMemory.Clear(start, length);
        SetHandle((nint)start);
    }

    /// <summary>Bytes that <see cref="Take{T}"/> uses for an array of <paramref name="count"/>.</summary>
    internal static nuint LengthOf<T>(int count) where T : unmanaged =>
        ((nuint)count * (nuint)sizeof(T) + CacheLineLength - 1) & ~(CacheLineLength - 1);

    internal T* Take<T>(int count) where T : unmanaged
    {
        nuint start = _taken;
        _taken += LengthOf<T>(count);
        if (_taken > _length)
            throw new InvalidOperationException("The block is smaller than the arrays taken from it.");
        return (T*)((byte*)handle + start);
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
