using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector512<uint>;

namespace Keyhole.Cryptography;

/// <summary>
/// ChaCha20 (RFC 8439 section 2.3) on sixteen blocks at once: one vector per state word, one lane per block; and on 24 blocks, of which the last eight
/// are computed by rows (<see cref="ChaCha20Rows512"/>) in the gaps. A vector operation takes two cycles, so one pass costs about the same for any number
/// of blocks up to 24 (2-core EPYC, Zen 5): 1420 bytes and their key block are exactly 24.
/// </summary>
internal static unsafe class ChaCha20Vector512
{
    internal const int BlockCount = 16;
    internal const int MostBlocks = BlockCount + ChaCha20Rows512.MoreBlocks;

    private const int BlockLength = ChaCha20Scalar.BlockLength;

    /// <summary>Writes the key stream of sixteen consecutive blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Blocks(uint* key, ulong counter, uint block, byte* stream) =>
        Run(key, BlockCounters(block), Vector512.Create((uint)counter), Vector512.Create((uint)(counter >> 32)), stream, BlockLength);

    /// <summary>The same block of sixteen packets: lane k's key stream goes to <paramref name="stream"/> + k · stride.</summary>
    /// <param name="low">Sixteen low halves of nonce counters, followed by sixteen high halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Packets(uint* key, uint* low, uint block, byte* stream, int stride) =>
        Run(key, Vector512.Create(block), Vector512.Load(low), Vector512.Load(low + BlockCount), stream, stride);

    /// <summary>Writes the key stream of 24 consecutive blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void AllBlocks(uint* key, ulong counter, uint block, byte* stream)
    {
        Words x0 = Vector512.Create(key[0]), x1 = Vector512.Create(key[1]), x2 = Vector512.Create(key[2]), x3 = Vector512.Create(key[3]);
        Words x4 = Vector512.Create(key[4]), x5 = Vector512.Create(key[5]), x6 = Vector512.Create(key[6]), x7 = Vector512.Create(key[7]);
        Words x8 = Vector512.Create(key[8]), x9 = Vector512.Create(key[9]), x10 = Vector512.Create(key[10]), x11 = Vector512.Create(key[11]);
        Words x12 = BlockCounters(block), x13 = Words.Zero, x14 = Vector512.Create((uint)counter), x15 = Vector512.Create((uint)(counter >> 32));
        Words a0 = Lanes512.Row(key), b0 = Lanes512.Row(key + 4), c0 = Lanes512.Row(key + 8), d0 = ChaCha20Rows512.LastRow(counter, block + 16);
        Words a1 = a0, b1 = b0, c1 = c0, d1 = ChaCha20Rows512.LastRow(counter, block + 20);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            AddRotate16(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            ChaCha20Rows512.AddRotate16(ref a0, b0, ref d0, ref a1, b1, ref d1);
            AddRotate12(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            ChaCha20Rows512.AddRotate12(ref c0, d0, ref b0, ref c1, d1, ref b1);
            AddRotate8(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            ChaCha20Rows512.AddRotate8(ref a0, b0, ref d0, ref a1, b1, ref d1);
            AddRotate7(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            ChaCha20Rows512.AddRotate7(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.Diagonalise(ref a0, ref c0, ref d0);
            ChaCha20Rows512.Diagonalise(ref a1, ref c1, ref d1);
            AddRotate16(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            ChaCha20Rows512.AddRotate16(ref a0, b0, ref d0, ref a1, b1, ref d1);
            AddRotate12(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
            ChaCha20Rows512.AddRotate12(ref c0, d0, ref b0, ref c1, d1, ref b1);
            AddRotate8(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            ChaCha20Rows512.AddRotate8(ref a0, b0, ref d0, ref a1, b1, ref d1);
            AddRotate7(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
            ChaCha20Rows512.AddRotate7(ref c0, d0, ref b0, ref c1, d1, ref b1);
            ChaCha20Rows512.Undiagonalise(ref a0, ref c0, ref d0);
            ChaCha20Rows512.Undiagonalise(ref a1, ref c1, ref d1);
        }
        x12 += BlockCounters(block);
        x14 += Vector512.Create((uint)counter);
        x15 += Vector512.Create((uint)(counter >> 32));
        Store(
            x0 + Vector512.Create(key[0]), x1 + Vector512.Create(key[1]), x2 + Vector512.Create(key[2]), x3 + Vector512.Create(key[3]),
            x4 + Vector512.Create(key[4]), x5 + Vector512.Create(key[5]), x6 + Vector512.Create(key[6]), x7 + Vector512.Create(key[7]),
            x8 + Vector512.Create(key[8]), x9 + Vector512.Create(key[9]), x10 + Vector512.Create(key[10]), x11 + Vector512.Create(key[11]),
            x12, x13, x14, x15, stream, BlockLength);
        ChaCha20Rows512.Store(a0, b0, c0, d0, key, counter, block + 16, stream + (16 * BlockLength));
        ChaCha20Rows512.Store(a1, b1, c1, d1, key, counter, block + 20, stream + (20 * BlockLength));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Run(uint* key, Words blocks, Words low, Words high, byte* stream, nint stride)
    {
        Words x0 = Vector512.Create(key[0]), x1 = Vector512.Create(key[1]), x2 = Vector512.Create(key[2]), x3 = Vector512.Create(key[3]);
        Words x4 = Vector512.Create(key[4]), x5 = Vector512.Create(key[5]), x6 = Vector512.Create(key[6]), x7 = Vector512.Create(key[7]);
        Words x8 = Vector512.Create(key[8]), x9 = Vector512.Create(key[9]), x10 = Vector512.Create(key[10]), x11 = Vector512.Create(key[11]);
        Words x12 = blocks, x13 = Words.Zero, x14 = low, x15 = high;
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            AddRotate16(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            AddRotate12(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            AddRotate8(ref x0, x4, ref x12, ref x1, x5, ref x13, ref x2, x6, ref x14, ref x3, x7, ref x15);
            AddRotate7(ref x8, x12, ref x4, ref x9, x13, ref x5, ref x10, x14, ref x6, ref x11, x15, ref x7);
            AddRotate16(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            AddRotate12(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
            AddRotate8(ref x0, x5, ref x15, ref x1, x6, ref x12, ref x2, x7, ref x13, ref x3, x4, ref x14);
            AddRotate7(ref x10, x15, ref x5, ref x11, x12, ref x6, ref x8, x13, ref x7, ref x9, x14, ref x4);
        }
        Store(
            x0 + Vector512.Create(key[0]), x1 + Vector512.Create(key[1]), x2 + Vector512.Create(key[2]), x3 + Vector512.Create(key[3]),
            x4 + Vector512.Create(key[4]), x5 + Vector512.Create(key[5]), x6 + Vector512.Create(key[6]), x7 + Vector512.Create(key[7]),
            x8 + Vector512.Create(key[8]), x9 + Vector512.Create(key[9]), x10 + Vector512.Create(key[10]), x11 + Vector512.Create(key[11]),
            x12 + blocks, x13, x14 + low, x15 + high, stream, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Words BlockCounters(uint first) => Vector512.Create(first) + Words.Indices;

    /// <summary>a += b; d = (d ^ a) rotated by 16, the first quarter of four quarter rounds in lock step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate16(
        ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1, ref Words a2, Words b2, ref Words d2, ref Words a3, Words b3, ref Words d3)
    {
        a0 += b0;
        a1 += b1;
        a2 += b2;
        a3 += b3;
        d0 = Lanes512.RotateLeft16(d0 ^ a0);
        d1 = Lanes512.RotateLeft16(d1 ^ a1);
        d2 = Lanes512.RotateLeft16(d2 ^ a2);
        d3 = Lanes512.RotateLeft16(d3 ^ a3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate12(
        ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1, ref Words a2, Words b2, ref Words d2, ref Words a3, Words b3, ref Words d3)
    {
        a0 += b0;
        a1 += b1;
        a2 += b2;
        a3 += b3;
        d0 = Lanes512.RotateLeft12(d0 ^ a0);
        d1 = Lanes512.RotateLeft12(d1 ^ a1);
        d2 = Lanes512.RotateLeft12(d2 ^ a2);
        d3 = Lanes512.RotateLeft12(d3 ^ a3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate8(
        ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1, ref Words a2, Words b2, ref Words d2, ref Words a3, Words b3, ref Words d3)
    {
        a0 += b0;
        a1 += b1;
        a2 += b2;
        a3 += b3;
        d0 = Lanes512.RotateLeft8(d0 ^ a0);
        d1 = Lanes512.RotateLeft8(d1 ^ a1);
        d2 = Lanes512.RotateLeft8(d2 ^ a2);
        d3 = Lanes512.RotateLeft8(d3 ^ a3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddRotate7(
        ref Words a0, Words b0, ref Words d0, ref Words a1, Words b1, ref Words d1, ref Words a2, Words b2, ref Words d2, ref Words a3, Words b3, ref Words d3)
    {
        a0 += b0;
        a1 += b1;
        a2 += b2;
        a3 += b3;
        d0 = Lanes512.RotateLeft7(d0 ^ a0);
        d1 = Lanes512.RotateLeft7(d1 ^ a1);
        d2 = Lanes512.RotateLeft7(d2 ^ a2);
        d3 = Lanes512.RotateLeft7(d3 ^ a3);
    }

    /// <summary>Turns sixteen words by sixteen blocks into sixteen blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(
        Words x0, Words x1, Words x2, Words x3, Words x4, Words x5, Words x6, Words x7,
        Words x8, Words x9, Words x10, Words x11, Words x12, Words x13, Words x14, Words x15, byte* stream, nint stride)
    {
        Transpose(ref x0, ref x1, ref x2, ref x3);
        Transpose(ref x4, ref x5, ref x6, ref x7);
        Transpose(ref x8, ref x9, ref x10, ref x11);
        Transpose(ref x12, ref x13, ref x14, ref x15);
        StoreFour(x0, x4, x8, x12, stream, stride);
        StoreFour(x1, x5, x9, x13, stream + stride, stride);
        StoreFour(x2, x6, x10, x14, stream + (2 * stride), stride);
        StoreFour(x3, x7, x11, x15, stream + (3 * stride), stride);
    }

    /// <summary>Within each quarter: four words of four blocks become four blocks of four words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Words a, ref Words b, ref Words c, ref Words d)
    {
        var abLow = Lanes512.UnpackLow(a, b).AsUInt64();
        var abHigh = Lanes512.UnpackHigh(a, b).AsUInt64();
        var cdLow = Lanes512.UnpackLow(c, d).AsUInt64();
        var cdHigh = Lanes512.UnpackHigh(c, d).AsUInt64();
        a = Lanes512.UnpackLow(abLow, cdLow).AsUInt32();
        b = Lanes512.UnpackHigh(abLow, cdLow).AsUInt32();
        c = Lanes512.UnpackLow(abHigh, cdHigh).AsUInt32();
        d = Lanes512.UnpackHigh(abHigh, cdHigh).AsUInt32();
    }

    /// <summary>Blocks 0, 4, 8 and 12 from the first of <paramref name="stream"/>: quarter q of a, b, c and d is block 4q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour(Words a, Words b, Words c, Words d, byte* stream, nint stride)
    {
        Words abLow = Lanes512.LowerHalves(a, b), abHigh = Lanes512.UpperHalves(a, b);
        Words cdLow = Lanes512.LowerHalves(c, d), cdHigh = Lanes512.UpperHalves(c, d);
        Lanes512.EvenQuarters(abLow, cdLow).Store((uint*)stream);
        Lanes512.OddQuarters(abLow, cdLow).Store((uint*)(stream + (4 * stride)));
        Lanes512.EvenQuarters(abHigh, cdHigh).Store((uint*)(stream + (8 * stride)));
        Lanes512.OddQuarters(abHigh, cdHigh).Store((uint*)(stream + (12 * stride)));
    }
}
