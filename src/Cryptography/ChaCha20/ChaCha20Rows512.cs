using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector512<uint>;

namespace Keyhole.Cryptography;

/// <summary>ChaCha20 by rows: one vector per row of the state (RFC 8439 section 2.3), four blocks per vector; four, eight or 24 blocks.</summary>
internal static unsafe class ChaCha20Rows512
{
    internal const int FewBlocks = 4;
    internal const int MoreBlocks = 8;

    private const int BlockLength = ChaCha20Scalar.BlockLength;

    /// <summary>Writes the key stream of four blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void FourBlocks(uint* key, ulong counter, uint block, byte* stream)
    {
        Words a = Lanes512.Row(key), b = Lanes512.Row(key + 4), c = Lanes512.Row(key + 8), d = LastRow(counter, block);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            Round(ref a, ref b, ref c, ref d);
            Diagonalise(ref a, ref c, ref d);
            Round(ref a, ref b, ref c, ref d);
            Undiagonalise(ref a, ref c, ref d);
        }
        Store(a, b, c, d, key, counter, block, stream);
    }

    /// <summary>Writes the key stream of eight blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void EightBlocks(uint* key, ulong counter, uint block, byte* stream)
    {
        Words a0 = Lanes512.Row(key), b0 = Lanes512.Row(key + 4), c0 = Lanes512.Row(key + 8), d0 = LastRow(counter, block);
        Words a1 = a0, b1 = b0, c1 = c0, d1 = LastRow(counter, block + 4);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            Round(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
            Diagonalise(ref a0, ref c0, ref d0);
            Diagonalise(ref a1, ref c1, ref d1);
            Round(ref a0, ref b0, ref c0, ref d0, ref a1, ref b1, ref c1, ref d1);
            Undiagonalise(ref a0, ref c0, ref d0);
            Undiagonalise(ref a1, ref c1, ref d1);
        }
        Store(a0, b0, c0, d0, key, counter, block, stream);
        Store(a1, b1, c1, d1, key, counter, block + 4, stream + (4 * BlockLength));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words LastRow(ulong counter, uint block)
    {
        uint low = (uint)counter, high = (uint)(counter >> 32);
        var row = Vector128.Create(block, 0, low, high);
        var pair = Vector256.Create(row, row);
        return Vector512.Create(pair, pair) + Vector512.Create(0u, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref Words a, ref Words b, ref Words c, ref Words d)
    {
        a += b;
        d = Lanes512.RotateLeft16(d ^ a);
        c += d;
        b = Lanes512.RotateLeft12(b ^ c);
        a += b;
        d = Lanes512.RotateLeft8(d ^ a);
        c += d;
        b = Lanes512.RotateLeft7(b ^ c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Words a0, ref Words b0, ref Words c0, ref Words d0, ref Words a1, ref Words b1, ref Words c1, ref Words d1)
    {
        AddRotate16(ref a0, b0, ref d0, ref a1, b1, ref d1);
        AddRotate12(ref c0, d0, ref b0, ref c1, d1, ref b1);
        AddRotate8(ref a0, b0, ref d0, ref a1, b1, ref d1);
        AddRotate7(ref c0, d0, ref b0, ref c1, d1, ref b1);
    }

    /// <summary>a += b; d = (d ^ a) rotated by 16, of two groups of blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate16(ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1)
    {
        a0 += b0;
        a1 += b1;
        d0 = Lanes512.RotateLeft16(d0 ^ a0);
        d1 = Lanes512.RotateLeft16(d1 ^ a1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate12(ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1)
    {
        a0 += b0;
        a1 += b1;
        d0 = Lanes512.RotateLeft12(d0 ^ a0);
        d1 = Lanes512.RotateLeft12(d1 ^ a1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate8(ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1)
    {
        a0 += b0;
        a1 += b1;
        d0 = Lanes512.RotateLeft8(d0 ^ a0);
        d1 = Lanes512.RotateLeft8(d1 ^ a1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate7(ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1)
    {
        a0 += b0;
        a1 += b1;
        d0 = Lanes512.RotateLeft7(d0 ^ a0);
        d1 = Lanes512.RotateLeft7(d1 ^ a1);
    }

    /// <summary>Turns diagonals into columns by moving the rows around b, which is ready last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Diagonalise(ref Words a, ref Words c, ref Words d)
    {
        a = Lanes512.RotateRowLeft3(a);
        d = Lanes512.RotateRowLeft2(d);
        c = Lanes512.RotateRowLeft1(c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Undiagonalise(ref Words a, ref Words c, ref Words d)
    {
        a = Lanes512.RotateRowLeft1(a);
        d = Lanes512.RotateRowLeft2(d);
        c = Lanes512.RotateRowLeft3(c);
    }

    /// <summary>Adds the state that the rounds began with and writes four blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(Words a, Words b, Words c, Words d, uint* key, ulong counter, uint block, byte* stream)
    {
        a += Lanes512.Row(key);
        b += Lanes512.Row(key + 4);
        c += Lanes512.Row(key + 8);
        d += LastRow(counter, block);
        Words abLow = Lanes512.LowerHalves(a, b), abHigh = Lanes512.UpperHalves(a, b);
        Words cdLow = Lanes512.LowerHalves(c, d), cdHigh = Lanes512.UpperHalves(c, d);
        Lanes512.EvenQuarters(abLow, cdLow).Store((uint*)stream);
        Lanes512.OddQuarters(abLow, cdLow).Store((uint*)(stream + BlockLength));
        Lanes512.EvenQuarters(abHigh, cdHigh).Store((uint*)(stream + (2 * BlockLength)));
        Lanes512.OddQuarters(abHigh, cdHigh).Store((uint*)(stream + (3 * BlockLength)));
    }
}
