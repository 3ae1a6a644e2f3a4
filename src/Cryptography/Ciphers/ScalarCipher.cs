using System.Runtime.CompilerServices;

namespace Keyhole.Cryptography;

/// <summary>Block by block without vectors: the path of last resort, and the twin that the others are checked against.</summary>
internal sealed unsafe class ScalarCipher : TransportCipher
{
    private const int BlockLength = ChaCha20Scalar.BlockLength;

    internal override CipherPath Path => CipherPath.Scalar;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Seal(uint* key, ulong counter, byte* text, int length)
    {
        byte* stream = CipherScratch.Start;
        Crypt(key, counter, text, length, stream);
        ChaCha20Scalar.Block(key, counter, 0, (uint*)stream);
        Poly1305Scalar.Compute(text, length, stream, text + length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Open(uint* key, ulong counter, byte* text, int length)
    {
        byte* stream = CipherScratch.Start;
        byte* tag = stream + BlockLength;
        ChaCha20Scalar.Block(key, counter, 0, (uint*)stream);
        Poly1305Scalar.Compute(text, length, stream, tag);
        if (!TagsEqual(tag, text + length))
            return false;
        Crypt(key, counter, text, length, stream);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Crypt(uint* key, ulong counter, byte* text, int length, byte* stream)
    {
        for (uint block = 1; length > 0; block++, text += BlockLength, length -= BlockLength)
        {
            ChaCha20Scalar.Block(key, counter, block, (uint*)stream);
            KeyStream.Apply(text, stream, Math.Min(length, BlockLength));
        }
    }
}
