using System.Numerics;
using System.Runtime.CompilerServices;

namespace Keyhole.Cryptography;

/// <summary>The ChaCha20 block function (RFC 8439 section 2.3), one block at a time.</summary>
internal static unsafe class ChaCha20Scalar
{
    internal const int BlockLength = 64;
    internal const int DoubleRoundCount = 10;

    /// <summary>Writes the key stream of one block, as sixteen little-endian words.</summary>
    /// <param name="key">Twelve words: constants and key.</param>
    /// <param name="counter">The nonce counter, words 14 and 15.</param>
    /// <param name="block">The block counter, word 12.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Block(uint* key, ulong counter, uint block, uint* stream)
    {
        uint n2 = (uint)counter, n3 = (uint)(counter >> 32);
        uint x0 = key[0], x1 = key[1], x2 = key[2], x3 = key[3], x4 = key[4], x5 = key[5], x6 = key[6], x7 = key[7];
        uint x8 = key[8], x9 = key[9], x10 = key[10], x11 = key[11], x12 = block, x13 = 0, x14 = n2, x15 = n3;
        for (int round = 0; round < DoubleRoundCount; round++)
        {
            QuarterRound(ref x0, ref x4, ref x8, ref x12);
            QuarterRound(ref x1, ref x5, ref x9, ref x13);
            QuarterRound(ref x2, ref x6, ref x10, ref x14);
            QuarterRound(ref x3, ref x7, ref x11, ref x15);
            QuarterRound(ref x0, ref x5, ref x10, ref x15);
            QuarterRound(ref x1, ref x6, ref x11, ref x12);
            QuarterRound(ref x2, ref x7, ref x8, ref x13);
            QuarterRound(ref x3, ref x4, ref x9, ref x14);
        }
        stream[0] = x0 + key[0];
        stream[1] = x1 + key[1];
        stream[2] = x2 + key[2];
        stream[3] = x3 + key[3];
        stream[4] = x4 + key[4];
        stream[5] = x5 + key[5];
        stream[6] = x6 + key[6];
        stream[7] = x7 + key[7];
        stream[8] = x8 + key[8];
        stream[9] = x9 + key[9];
        stream[10] = x10 + key[10];
        stream[11] = x11 + key[11];
        stream[12] = x12 + block;
        stream[13] = x13;
        stream[14] = x14 + n2;
        stream[15] = x15 + n3;
    }

    /// <summary>RFC 8439 section 2.1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuarterRound(ref uint a, ref uint b, ref uint c, ref uint d)
    {
        a += b;
        d = BitOperations.RotateLeft(d ^ a, 16);
        c += d;
        b = BitOperations.RotateLeft(b ^ c, 12);
        a += b;
        d = BitOperations.RotateLeft(d ^ a, 8);
        c += d;
        b = BitOperations.RotateLeft(b ^ c, 7);
    }
}
