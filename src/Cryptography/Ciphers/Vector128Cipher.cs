using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Keyhole.Cryptography;

/// <summary>Four blocks at a time, for processors without 256-bit vectors. The tag is computed in 64-bit words.</summary>
internal sealed unsafe class Vector128Cipher : TransportCipher
{
    private const int BlockLength = ChaCha20Scalar.BlockLength;
    private const int PassLength = ChaCha20Vector128.BlockCount * BlockLength;
    private const int FirstPassLength = PassLength - BlockLength;

    private const int StreamOffset = 0;
    private const int RestOffset = PassLength;
    private const int ZerosOffset = 2 * PassLength;
    private const int ParkedOffset = 3 * PassLength;
    private const int TagOffset = ParkedOffset + (ChaCha20Vector128.ParkedCount * 16);

    internal override CipherPath Path => CipherPath.Vector128;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Seal(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        WriteStream(key, counter, 0, stream, scratch);
        KeyStream.Apply(text, stream + BlockLength, Math.Min(length, FirstPassLength));
        CryptRest(key, counter, text, length, scratch);
        Poly1305Scalar.Compute(text, length, stream, text + length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override bool Open(uint* key, ulong counter, byte* text, int length)
    {
        byte* scratch = CipherScratch.Start;
        byte* stream = scratch + StreamOffset;
        WriteStream(key, counter, 0, stream, scratch);
        Poly1305Scalar.Compute(text, length, stream, scratch + TagOffset);
        if (!TagsEqual(scratch + TagOffset, text + length))
            return false;
        KeyStream.Apply(text, stream + BlockLength, Math.Min(length, FirstPassLength));
        CryptRest(key, counter, text, length, scratch);
        return true;
    }

    /// <summary>Encrypts or decrypts what the first pass did not reach.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CryptRest(uint* key, ulong counter, byte* text, int length, byte* scratch)
    {
        uint block = ChaCha20Vector128.BlockCount;
        int done = FirstPassLength;
        for (; length - done >= PassLength; done += PassLength, block += ChaCha20Vector128.BlockCount)
        {
            byte* pass = text + done;
            ChaCha20Vector128.Blocks(key, counter, block, pass, pass, pass, pass, Parked(scratch));
        }
        if (done >= length)
            return;
        WriteStream(key, counter, block, scratch + RestOffset, scratch);
        KeyStream.Apply(text + done, scratch + RestOffset, length - done);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteStream(uint* key, ulong counter, uint block, byte* stream, byte* scratch)
    {
        byte* zeros = scratch + ZerosOffset;
        ChaCha20Vector128.Blocks(key, counter, block, zeros, stream, zeros, stream, Parked(scratch));
    }

    private static Vector128<uint>* Parked(byte* scratch) => (Vector128<uint>*)(scratch + ParkedOffset);
}
