using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector256<uint>;

namespace Keyhole.Cryptography;

/// <summary>
/// ChaCha20 (RFC 8439 section 2.3) on eight blocks at once: one vector per state word, one lane per block.
/// </summary>
/// <remarks>
/// Sixteen words and the temporaries of a rotation do not fit sixteen registers, and the compiler would spill on the critical path (304 ns
/// instead of 186 ns per call, EPYC Zen 3). So words 8 to 11 live in memory of the caller, <c>parked</c>, the rotation masks are read where they are
/// used, and two quarter rounds run at a time. <c>parked</c> and <c>written</c> are the same memory: with two names the compiler neither forwards nor hoists.
/// </remarks>
internal static unsafe class ChaCha20Vector256
{
    internal const int BlockCount = 8;

    /// <summary>Vectors of parked memory: words 8 to 11, then words 14 and 15 as they were at the start.</summary>
    internal const int ParkedCount = 6;

    private const int Nonce2 = 4, Nonce3 = 5;

    /// <summary>The byte shuffles that rotate every word by 16 and by 8.</summary>
    private static readonly Words* s_masks = CreateMasks();

    /// <summary>
    /// Eight consecutive blocks of one packet: block k's 64 bytes at <paramref name="source"/> + 64k are combined with the key stream and go to
    /// <paramref name="destination"/> + 64k; the first block has its own pair of pointers. A source of zeros gives the key stream itself.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Blocks(
        uint* key, ulong counter, uint block, byte* firstSource, byte* firstDestination, byte* source, byte* destination, Words* parked)
    {
        parked[Nonce2] = Vector256.Create((uint)counter);
        parked[Nonce3] = Vector256.Create((uint)(counter >> 32));
        Run(
            key, Vector256.Create(block) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7), firstSource, firstDestination,
            source, ChaCha20Scalar.BlockLength, destination, ChaCha20Scalar.BlockLength, parked, parked, s_masks);
    }

    /// <summary>Gives a lane the nonce counter of its packet, for all of <see cref="Packets"/> that follow.</summary>
    internal static void SetCounter(Words* parked, int lane, ulong counter)
    {
        ((uint*)(parked + Nonce2))[lane] = (uint)counter;
        ((uint*)(parked + Nonce3))[lane] = (uint)(counter >> 32);
    }

    /// <summary>The same block of eight packets: lane k's key stream goes to <paramref name="stream"/> + k · stride.</summary>
    /// <param name="zeros">64 zero bytes.</param>
    internal static void Packets(uint* key, uint block, byte* zeros, byte* stream, int stride, Words* parked) =>
        Run(key, Vector256.Create(block), zeros, stream, zeros, 0, stream, stride, parked, parked, s_masks);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Run(
        uint* key, Words blocks, byte* firstSource, byte* firstDestination, byte* source, nint sourceStride, byte* destination, nint stride,
        Words* parked, Words* written, Words* masks)
    {
        Words x0 = Vector256.Create(key[0]), x1 = Vector256.Create(key[1]), x2 = Vector256.Create(key[2]), x3 = Vector256.Create(key[3]);
        Words x4 = Vector256.Create(key[4]), x5 = Vector256.Create(key[5]), x6 = Vector256.Create(key[6]), x7 = Vector256.Create(key[7]);
        Words x12 = blocks, x13 = Words.Zero, x14 = parked[Nonce2], x15 = parked[Nonce3];
        written[0] = Vector256.Create(key[8]);
        written[1] = Vector256.Create(key[9]);
        written[2] = Vector256.Create(key[10]);
        written[3] = Vector256.Create(key[11]);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            TwoQuarterRounds(ref x0, ref x4, 0, ref x12, ref x1, ref x5, 1, ref x13, parked, written, masks);
            TwoQuarterRounds(ref x2, ref x6, 2, ref x14, ref x3, ref x7, 3, ref x15, parked, written, masks);
            TwoQuarterRounds(ref x0, ref x5, 2, ref x15, ref x1, ref x6, 3, ref x12, parked, written, masks);
            TwoQuarterRounds(ref x2, ref x7, 0, ref x13, ref x3, ref x4, 1, ref x14, parked, written, masks);
        }
        x0 += Vector256.Create(key[0]);
        x1 += Vector256.Create(key[1]);
        x2 += Vector256.Create(key[2]);
        x3 += Vector256.Create(key[3]);
        x4 += Vector256.Create(key[4]);
        x5 += Vector256.Create(key[5]);
        x6 += Vector256.Create(key[6]);
        x7 += Vector256.Create(key[7]);
        x12 += blocks;
        x14 += parked[Nonce2];
        x15 += parked[Nonce3];
        Emit(x0, x1, x2, x3, x4, x5, x6, x7, firstSource, firstDestination, source, sourceStride, destination, stride);
        Emit(
            parked[0] + Vector256.Create(key[8]), parked[1] + Vector256.Create(key[9]), parked[2] + Vector256.Create(key[10]), parked[3] + Vector256.Create(key[11]),
            x12, x13, x14, x15, firstSource + 32, firstDestination + 32, source + 32, sourceStride, destination + 32, stride);
    }

    /// <summary>Two quarter rounds (RFC 8439 section 2.1) in lock step; their third words are parked at <paramref name="c0"/> and <paramref name="c1"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TwoQuarterRounds(
        ref Words a0, ref Words b0, int c0, ref Words d0, ref Words a1, ref Words b1, int c1, ref Words d1, Words* parked, Words* written, Words* masks)
    {
        Words e0 = parked[c0], e1 = parked[c1];
        a0 += b0;
        a1 += b1;
        d0 = RotateByMask(d0 ^ a0, masks);
        d1 = RotateByMask(d1 ^ a1, masks);
        e0 += d0;
        e1 += d1;
        b0 = RotateLeft(b0 ^ e0, 12);
        b1 = RotateLeft(b1 ^ e1, 12);
        a0 += b0;
        a1 += b1;
        d0 = RotateByMask(d0 ^ a0, masks + 1);
        d1 = RotateByMask(d1 ^ a1, masks + 1);
        e0 += d0;
        e1 += d1;
        written[c0] = e0;
        written[c1] = e1;
        b0 = RotateLeft(b0 ^ e0, 7);
        b1 = RotateLeft(b1 ^ e1, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words RotateByMask(Words value, Words* mask) => Lanes.ShuffleBytes(value, *mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words RotateLeft(Words value, int count) => (value << count) | (value >>> (32 - count));

    /// <summary>Turns eight words by eight blocks into eight blocks of 32 bytes, and combines them with the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Emit(
        Words a, Words b, Words c, Words d, Words e, Words f, Words g, Words h,
        byte* firstSource, byte* firstDestination, byte* source, nint sourceStride, byte* destination, nint stride)
    {
        Transpose(ref a, ref b, ref c, ref d);
        Transpose(ref e, ref f, ref g, ref h);
        Put(Lanes.LowerHalves(a, e), firstSource, firstDestination);
        Put(Lanes.LowerHalves(b, f), source + sourceStride, destination + stride);
        Put(Lanes.LowerHalves(c, g), source + (2 * sourceStride), destination + (2 * stride));
        Put(Lanes.LowerHalves(d, h), source + (3 * sourceStride), destination + (3 * stride));
        Put(Lanes.UpperHalves(a, e), source + (4 * sourceStride), destination + (4 * stride));
        Put(Lanes.UpperHalves(b, f), source + (5 * sourceStride), destination + (5 * stride));
        Put(Lanes.UpperHalves(c, g), source + (6 * sourceStride), destination + (6 * stride));
        Put(Lanes.UpperHalves(d, h), source + (7 * sourceStride), destination + (7 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Words stream, byte* source, byte* destination) => (Vector256.Load(source) ^ stream.AsByte()).Store(destination);

    /// <summary>Within each 128-bit half: four words of four blocks become four blocks of four words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Words a, ref Words b, ref Words c, ref Words d)
    {
        var abLow = Lanes.UnpackLow(a, b).AsUInt64();
        var abHigh = Lanes.UnpackHigh(a, b).AsUInt64();
        var cdLow = Lanes.UnpackLow(c, d).AsUInt64();
        var cdHigh = Lanes.UnpackHigh(c, d).AsUInt64();
        a = Lanes.UnpackLow(abLow, cdLow).AsUInt32();
        b = Lanes.UnpackHigh(abLow, cdLow).AsUInt32();
        c = Lanes.UnpackLow(abHigh, cdHigh).AsUInt32();
        d = Lanes.UnpackHigh(abHigh, cdHigh).AsUInt32();
    }

    private static Words* CreateMasks()
    {
        var masks = (Words*)NativeMemory.AlignedAlloc((nuint)(2 * sizeof(Words)), 64);
        masks[0] = Vector256.Create(
            (byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13).AsUInt32();
        masks[1] = Vector256.Create(
            (byte)3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14).AsUInt32();
        return masks;
    }
}
