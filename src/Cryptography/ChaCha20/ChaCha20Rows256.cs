using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector256<uint>;

namespace Keyhole.Cryptography;

/// <summary>
/// ChaCha20 on two or four blocks: one vector per row of the state (RFC 8439 section 2.3) and two blocks per vector. For short packets, where
/// <see cref="ChaCha20Vector256"/> would compute blocks that nobody needs.
/// </summary>
internal static unsafe class ChaCha20Rows256
{
    internal const int FewBlocks = 2;
    internal const int MoreBlocks = 4;

    /// <summary>Writes the key stream of two blocks, 128 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void TwoBlocks(uint* key, ulong counter, uint block, byte* stream)
    {
        Words a = Row(key), b = Row(key + 4), c = Row(key + 8), d = LastRow(counter, block);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            Round(ref a, ref b, ref c, ref d);
            Diagonalise(ref a, ref c, ref d);
            Round(ref a, ref b, ref c, ref d);
            Undiagonalise(ref a, ref c, ref d);
        }
        Store(a + Row(key), b + Row(key + 4), c + Row(key + 8), d + LastRow(counter, block), stream);
    }

    /// <summary>Writes the key stream of four blocks, 256 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void FourBlocks(uint* key, ulong counter, uint block, byte* stream)
    {
        Words a0 = Row(key), b0 = Row(key + 4), c0 = Row(key + 8), d0 = LastRow(counter, block);
        Words a1 = a0, b1 = b0, c1 = c0, d1 = LastRow(counter, block + 2);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            Round(ref a0, ref b0, ref c0, ref d0);
            Round(ref a1, ref b1, ref c1, ref d1);
            Diagonalise(ref a0, ref c0, ref d0);
            Diagonalise(ref a1, ref c1, ref d1);
            Round(ref a0, ref b0, ref c0, ref d0);
            Round(ref a1, ref b1, ref c1, ref d1);
            Undiagonalise(ref a0, ref c0, ref d0);
            Undiagonalise(ref a1, ref c1, ref d1);
        }
        Store(a0 + Row(key), b0 + Row(key + 4), c0 + Row(key + 8), d0 + LastRow(counter, block), stream);
        Store(a1 + Row(key), b1 + Row(key + 4), c1 + Row(key + 8), d1 + LastRow(counter, block + 2), stream + 128);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words Row(uint* words) => Vector256.Create(Vector128.Load(words), Vector128.Load(words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words LastRow(ulong counter, uint block) => Vector256.Create(
        Vector128.Create(block, 0, (uint)counter, (uint)(counter >> 32)), Vector128.Create(block + 1, 0, (uint)counter, (uint)(counter >> 32)));

    /// <summary>Four quarter rounds at once, one per column of the rows as they lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref Words a, ref Words b, ref Words c, ref Words d)
    {
        a += b;
        d = Lanes.RotateLeft16(d ^ a);
        c += d;
        b ^= c;
        b = (b << 12) | (b >>> 20);
        a += b;
        d = Lanes.RotateLeft8(d ^ a);
        c += d;
        b ^= c;
        b = (b << 7) | (b >>> 25);
    }

    /// <summary>Turns diagonals into columns by moving the rows around b, which is ready last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Diagonalise(ref Words a, ref Words c, ref Words d)
    {
        a = Lanes.RotateRowLeft3(a);
        d = Lanes.RotateRowLeft2(d);
        c = Lanes.RotateRowLeft1(c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Undiagonalise(ref Words a, ref Words c, ref Words d)
    {
        a = Lanes.RotateRowLeft1(a);
        d = Lanes.RotateRowLeft2(d);
        c = Lanes.RotateRowLeft3(c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Words a, Words b, Words c, Words d, byte* stream)
    {
        Lanes.LowerHalves(a, b).Store((uint*)stream);
        Lanes.LowerHalves(c, d).Store((uint*)(stream + 32));
        Lanes.UpperHalves(a, b).Store((uint*)(stream + 64));
        Lanes.UpperHalves(c, d).Store((uint*)(stream + 96));
    }
}
