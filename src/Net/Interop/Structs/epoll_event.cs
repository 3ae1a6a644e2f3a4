using System.Runtime.InteropServices;

namespace Keyhole.Net;

/// <summary>Packed to 12 bytes on x64 and padded to 16 elsewhere, so it is read and written through offsets.</summary>
internal static unsafe class epoll_event
{
    internal static readonly int Size = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = Size - sizeof(ulong);

    internal static void Write(byte* at, uint events, ulong value)
    {
        *(uint*)at = events;
        System.Runtime.CompilerServices.Unsafe.WriteUnaligned(at + DataOffset, value);
    }

    internal static uint Events(byte* at) => *(uint*)at;

    internal static ulong Data(byte* at) => System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(at + DataOffset);
}
