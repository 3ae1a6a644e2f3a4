using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>A 64-byte aligned native block that the collector never copies and that is zeroed when released.</summary>
internal sealed unsafe class KeyBlockHandle : SafeHandle
{
    internal const int Alignment = 64;

    private readonly int _length;

    internal KeyBlockHandle(int length)
        : base(0, ownsHandle: true)
    {
        _length = length;
        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)length, Alignment));
        NativeMemory.Clear((void*)handle, (nuint)length);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Valid while the caller keeps this handle alive and open.</summary>
    internal byte* Pointer => (byte*)handle;

    /// <exception cref="ObjectDisposedException">The block was released.</exception>
    internal Span<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new Span<byte>((void*)handle, _length);
        }
    }

    internal void Zero() => CryptographicOperations.ZeroMemory(new Span<byte>((void*)handle, _length));

    protected override bool ReleaseHandle()
    {
        Zero();
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
