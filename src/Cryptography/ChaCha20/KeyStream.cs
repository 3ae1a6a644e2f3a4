using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Keyhole.Cryptography;

/// <summary>Applies key stream that lies in memory to text that does not fill its blocks.</summary>
internal static unsafe class KeyStream
{
    /// <summary>text ^= stream, exactly <paramref name="length"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Apply(byte* text, byte* stream, int length)
    {
        for (; length >= 32; length -= 32, text += 32, stream += 32)
            (Vector256.Load(text) ^ Vector256.Load(stream)).Store(text);
        if (length >= 16)
        {
            (Vector128.Load(text) ^ Vector128.Load(stream)).Store(text);
            length -= 16;
            text += 16;
            stream += 16;
        }
        if (length >= 8)
        {
            Unsafe.WriteUnaligned(text, Unsafe.ReadUnaligned<ulong>(text) ^ Unsafe.ReadUnaligned<ulong>(stream));
            length -= 8;
            text += 8;
            stream += 8;
        }
        for (int i = 0; i < length; i++)
            text[i] ^= stream[i];
    }
}
