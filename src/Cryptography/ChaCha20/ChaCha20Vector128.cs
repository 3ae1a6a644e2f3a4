using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Words = System.Runtime.Intrinsics.Vector128<uint>;

namespace Keyhole.Cryptography;

/// <summary>ChaCha20 (RFC 8439 section 2.3) on four blocks at once, built like <see cref="ChaCha20Vector256"/>.</summary>
internal static unsafe class ChaCha20Vector128
{
    internal const int BlockCount = 4;

    /// <summary>Vectors of parked memory: words 8 to 11.</summary>
    internal const int ParkedCount = 4;

    /// <summary>The byte shuffles that rotate every word by 16 and by 8.</summary>
    private static readonly Words* s_masks = CreateMasks();

    /// <summary>
    /// Four consecutive blocks: block k's 64 bytes at <paramref name="source"/> + 64k are combined with the key stream and go to
    /// <paramref name="destination"/> + 64k; the first block has its own pair of pointers. A source of zeros gives the key stream itself.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Blocks(
        uint* key, ulong counter, uint block, byte* firstSource, byte* firstDestination, byte* source, byte* destination, Words* parked) =>
        Run(key, counter, block, firstSource, firstDestination, source, destination, parked, parked, s_masks);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Run(
        uint* key, ulong counter, uint block, byte* firstSource, byte* firstDestination, byte* source, byte* destination,
        Words* parked, Words* written, Words* masks)
    {
        Words x0 = Vector128.Create(key[0]), x1 = Vector128.Create(key[1]), x2 = Vector128.Create(key[2]), x3 = Vector128.Create(key[3]);
        Words x4 = Vector128.Create(key[4]), x5 = Vector128.Create(key[5]), x6 = Vector128.Create(key[6]), x7 = Vector128.Create(key[7]);
        Words x12 = Vector128.Create(block) + Vector128.Create(0u, 1, 2, 3), x13 = Words.Zero;
        Words x14 = Vector128.Create((uint)counter), x15 = Vector128.Create((uint)(counter >> 32));
        written[0] = Vector128.Create(key[8]);
        written[1] = Vector128.Create(key[9]);
        written[2] = Vector128.Create(key[10]);
        written[3] = Vector128.Create(key[11]);
        for (int round = 0; round < ChaCha20Scalar.DoubleRoundCount; round++)
        {
            TwoQuarterRounds(ref x0, ref x4, 0, ref x12, ref x1, ref x5, 1, ref x13, parked, written, masks);
            TwoQuarterRounds(ref x2, ref x6, 2, ref x14, ref x3, ref x7, 3, ref x15, parked, written, masks);
            TwoQuarterRounds(ref x0, ref x5, 2, ref x15, ref x1, ref x6, 3, ref x12, parked, written, masks);
            TwoQuarterRounds(ref x2, ref x7, 0, ref x13, ref x3, ref x4, 1, ref x14, parked, written, masks);
        }
        x0 += Vector128.Create(key[0]);
        x1 += Vector128.Create(key[1]);
        x2 += Vector128.Create(key[2]);
        x3 += Vector128.Create(key[3]);
        x4 += Vector128.Create(key[4]);
        x5 += Vector128.Create(key[5]);
        x6 += Vector128.Create(key[6]);
        x7 += Vector128.Create(key[7]);
        x12 += Vector128.Create(block) + Vector128.Create(0u, 1, 2, 3);
        x14 += Vector128.Create((uint)counter);
        x15 += Vector128.Create((uint)(counter >> 32));
        Emit(x0, x1, x2, x3, firstSource, firstDestination, source, destination);
        Emit(x4, x5, x6, x7, firstSource + 16, firstDestination + 16, source + 16, destination + 16);
        Emit(
            parked[0] + Vector128.Create(key[8]), parked[1] + Vector128.Create(key[9]), parked[2] + Vector128.Create(key[10]),
            parked[3] + Vector128.Create(key[11]), firstSource + 32, firstDestination + 32, source + 32, destination + 32);
        Emit(x12, x13, x14, x15, firstSource + 48, firstDestination + 48, source + 48, destination + 48);
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
    private static Words RotateByMask(Words value, Words* mask) => Vector128.ShuffleNative(value.AsByte(), mask->AsByte()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Words RotateLeft(Words value, int count) => (value << count) | (value >>> (32 - count));

    /// <summary>Turns four words by four blocks into four blocks of 16 bytes, and combines them with the source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Emit(Words a, Words b, Words c, Words d, byte* firstSource, byte* firstDestination, byte* source, byte* destination)
    {
        Words abLow = Lanes.UnpackLow(a, b), abHigh = Lanes.UnpackHigh(a, b), cdLow = Lanes.UnpackLow(c, d), cdHigh = Lanes.UnpackHigh(c, d);
        Put(Lanes.LowerHalves(abLow, cdLow), firstSource, firstDestination);
        Put(Lanes.UpperHalves(abLow, cdLow), source + 64, destination + 64);
        Put(Lanes.LowerHalves(abHigh, cdHigh), source + 128, destination + 128);
        Put(Lanes.UpperHalves(abHigh, cdHigh), source + 192, destination + 192);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Words stream, byte* source, byte* destination) => (Vector128.Load(source) ^ stream.AsByte()).Store(destination);

    private static Words* CreateMasks()
    {
        var masks = (Words*)NativeMemory.AlignedAlloc((nuint)(2 * sizeof(Words)), 64);
        masks[0] = Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13).AsUInt32();
        masks[1] = Vector128.Create((byte)3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14).AsUInt32();
        return masks;
    }
}
