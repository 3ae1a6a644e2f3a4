using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Limbs = System.Runtime.Intrinsics.Vector512<ulong>;

namespace Keyhole.Cryptography;

/// <summary>
/// Poly1305 of a text without associated data in radix 2^26, eight blocks per vector and sixteen per step. The text is padded in front with
/// blocks of value zero to a multiple of sixteen; its first and its last step are copied, so that every step has the same form:
/// h = (h + blocks 0 to 7) · A + blocks 8 to 15 · B, where A and B are r^16 and r^8, and in the last step r^16 … r^9 and r^8 … r^1 by lane.
/// </summary>
/// <remarks>
/// Lanes of a group of eight blocks lie in the order 0, 4, 1, 5, 2, 6, 3, 7, as unpacking two loads of four blocks gives it. A multiplier is nine vectors:
/// limbs r0 … r4, then 5·r1 … 5·r4, which fold 2^130 to 5.
/// </remarks>
internal static unsafe class Poly1305Vector512
{
    internal const int StepLength = 2 * GroupLength;
    internal const int MultiplierCount = 9;

    // The table, in vectors: B and A of the middle, B and A of the last step, h, limbs of both groups, high bits, and the copied steps.
    internal const int Middle = 0;
    internal const int Last = 2 * MultiplierCount;
    internal const int Sum = 4 * MultiplierCount;
    internal const int GroupB = Sum + 5;
    internal const int GroupA = GroupB + 5;
    internal const int TableCount = StepCopies + (2 * StepLength / 64);

    private const int FirstBits = GroupA + 5;
    private const int AllBits = FirstBits + 2;
    private const int StepCopies = AllBits + 2;
    private const int GroupLength = 128;
    private const int BlocksPerStep = StepLength / Poly1305Scalar.BlockLength;
    private const ulong LimbMask = 0x3ffffff;

    /// <param name="key">32 bytes: r and s.</param>
    /// <param name="tag">16 bytes; may follow the text directly.</param>
    /// <param name="table"><see cref="TableCount"/> vectors, 64-byte aligned.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compute(byte* text, int length, byte* key, byte* tag, Limbs* table)
    {
        int stepCount = Prepare(text, length, key, table);
        for (int step = 0; step < stepCount;)
        {
            // The middle in one call; the first and the last step have a place, bits or multipliers of their own.
            int count = step == 0 || step == stepCount - 1 ? 1 : stepCount - 2;
            Limbs* r = table + Multipliers(step, stepCount);
            Steps(Place(text, length, step, stepCount, table), count, table + HighBits(step), table + Sum, r, r, r, r, r);
            step += count;
        }
        Finish(table, key, tag);
    }

    /// <summary>Fills the table and clears h.</summary>
    /// <returns>The number of steps, at least one.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int Prepare(byte* text, int length, byte* key, Limbs* table)
    {
        int blockCount = BlockCount(length);
        int stepCount = StepCount(length);
        Powers(key, blockCount, table + Middle, table + Middle + MultiplierCount, table + Last, table + Last + MultiplierCount);
        CopyEnds(text, length, (stepCount * BlocksPerStep) - blockCount, stepCount, table);
        table[Sum] = table[Sum + 1] = table[Sum + 2] = table[Sum + 3] = table[Sum + 4] = Limbs.Zero;
        return stepCount;
    }

    /// <summary>Steps of a text of this length, the block of lengths included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int StepCount(int length) => (BlockCount(length) + BlocksPerStep - 1) / BlocksPerStep;

    /// <summary>Where the 256 bytes of a step lie.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* Place(byte* text, int length, int step, int stepCount, Limbs* table)
    {
        byte* copies = (byte*)(table + StepCopies);
        if (step == stepCount - 1)
            return copies + StepLength;
        return step == 0 ? copies : text + ((step * BlocksPerStep) - (stepCount * BlocksPerStep) + BlockCount(length)) * Poly1305Scalar.BlockLength;
    }

    /// <summary>Where in the table a step's multipliers begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Multipliers(int step, int stepCount) => step == stepCount - 1 ? Last : Middle;

    /// <summary>Where in the table a step's two vectors of high bits begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int HighBits(int step) => step == 0 ? FirstBits : AllBits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BlockCount(int length) => ((length + 15) >> 4) + 1;

    /// <summary>Adds the lanes of h, reduces, adds s and writes the tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Finish(Limbs* table, byte* key, byte* tag)
    {
        var h = (ulong*)(table + Sum);
        Vector256<ulong> e0 = Halves(h), e1 = Halves(h + 8), e2 = Halves(h + 16), e3 = Halves(h + 24), e4 = Halves(h + 32);
        var e01 = Lanes.UnpackLow(e0, e1) + Lanes.UnpackHigh(e0, e1);
        var e23 = Lanes.UnpackLow(e2, e3) + Lanes.UnpackHigh(e2, e3);
        var f01 = e01.GetLower() + e01.GetUpper();
        var f23 = e23.GetLower() + e23.GetUpper();
        var f4 = e4.GetLower() + e4.GetUpper();
        Poly1305Scalar.FinishLimbs(f01.ToScalar(), f01.GetElement(1), f23.ToScalar(), f23.GetElement(1), f4.ToScalar() + f4.GetElement(1), key, tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Halves(ulong* limb) => Vector256.Load(limb) + Vector256.Load(limb + 4);

    /// <summary>r^8 and r^16 in every lane, then r^8 … r^1 and r^16 … r^9 by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Powers(byte* key, int blockCount, Limbs* r8, Limbs* r16, Limbs* last, Limbs* lastButOne)
    {
        (ulong low, ulong high) = Poly1305Scalar.ReadClamped(key);
        Limbs a0 = Vector512.Create(low & LimbMask), a1 = Vector512.Create((low >> 26) & LimbMask);
        Limbs a2 = Vector512.Create(((low >> 52) | (high << 12)) & LimbMask), a3 = Vector512.Create((high >> 14) & LimbMask), a4 = Vector512.Create(high >> 40);
        Multiply(a0, a1, a2, a3, a4, a0, a1, a2, a3, a4, out var b0, out var b1, out var b2, out var b3, out var b4);

        // r2 r2 r r … times r2 r2 r2 r2 1 1 1 1 gives r4 r4 r3 r3 r2 r2 r1 r1.
        Limbs pairs = Vector512.Create(~0UL, ~0UL, 0, 0, ~0UL, ~0UL, 0, 0), lowerHalf = Vector512.Create(~0UL, ~0UL, ~0UL, ~0UL, 0, 0, 0, 0);
        Multiply(
            Vector512.ConditionalSelect(pairs, b0, a0), Vector512.ConditionalSelect(pairs, b1, a1), Vector512.ConditionalSelect(pairs, b2, a2),
            Vector512.ConditionalSelect(pairs, b3, a3), Vector512.ConditionalSelect(pairs, b4, a4),
            Vector512.ConditionalSelect(lowerHalf, b0, Vector512.Create(1UL)), b1 & lowerHalf, b2 & lowerHalf, b3 & lowerHalf, b4 & lowerHalf,
            out a0, out a1, out a2, out a3, out a4);

        // Times r4 1 r4 1 …: r8 r4 r7 r3 r6 r2 r5 r1, the order of the lanes.
        Limbs even = Vector512.Create(~0UL, 0, ~0UL, 0, ~0UL, 0, ~0UL, 0);
        Multiply(
            a0, a1, a2, a3, a4, Vector512.ConditionalSelect(even, Lanes512.First(a0), Vector512.Create(1UL)), Lanes512.First(a1) & even,
            Lanes512.First(a2) & even, Lanes512.First(a3) & even, Lanes512.First(a4) & even, out b0, out b1, out b2, out b3, out b4);
        Store(last, b0, b1, b2, b3, b4);
        if (blockCount <= 8)
        {
            // The groups that these would multiply are all padding.
            Store(lastButOne, Limbs.Zero, Limbs.Zero, Limbs.Zero, Limbs.Zero, Limbs.Zero);
            return;
        }
        a0 = Lanes512.First(b0);
        a1 = Lanes512.First(b1);
        a2 = Lanes512.First(b2);
        a3 = Lanes512.First(b3);
        a4 = Lanes512.First(b4);
        Store(r8, a0, a1, a2, a3, a4);
        Multiply(b0, b1, b2, b3, b4, a0, a1, a2, a3, a4, out b0, out b1, out b2, out b3, out b4);
        Store(lastButOne, b0, b1, b2, b3, b4);
        Store(r16, Lanes512.First(b0), Lanes512.First(b1), Lanes512.First(b2), Lanes512.First(b3), Lanes512.First(b4));
    }

    /// <summary>Copies the first and the last step into the table, with zeros for padding, and writes the high bits of the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CopyEnds(byte* text, int length, int padding, int stepCount, Limbs* table)
    {
        Limbs* first = table + StepCopies, last = first + (StepLength / 64);
        byte* start = text - (padding * Poly1305Scalar.BlockLength), end = start + ((stepCount - 1) * StepLength);
        int skipped = 2 * padding;
        if (stepCount > 1)
        {
            first[0] = Lanes512.Load(start, skipped, 8);
            first[1] = Lanes512.Load(start + 64, skipped - 8, 8);
            first[2] = Lanes512.Load(start + 128, skipped - 16, 8);
            first[3] = Lanes512.Load(start + 192, skipped - 24, 8);
            skipped = 0;
        }
        last[0] = Lanes512.Load(end, skipped, 8);
        last[1] = Lanes512.Load(end + 64, skipped - 8, 8);
        last[2] = Lanes512.Load(end + 128, skipped - 16, 8);
        // Blocks 12 and 13, the rest of the text when it does not end on a block, and the lengths.
        (ulong low, ulong high) = LastBlock(text, length);
        last[3] = Lanes512.Load(end + 192, skipped - 24, 4) | Vector512.Create(0UL, 0, 0, 0, low, high, 0, (ulong)length);

        var blocks = Vector512.Create(0L, 4, 1, 5, 2, 6, 3, 7);
        var bit = Vector512.Create(1UL << 24);
        table[FirstBits] = bit & Vector512.GreaterThanOrEqual(blocks + Vector512.Create(8L), Vector512.Create((long)padding)).AsUInt64();
        table[FirstBits + 1] = bit & Vector512.GreaterThanOrEqual(blocks, Vector512.Create((long)padding)).AsUInt64();
        table[AllBits] = bit;
        table[AllBits + 1] = bit;
    }

    /// <summary>The last block of the text, whole or padded with zeros; zero when there is no text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (ulong Low, ulong High) LastBlock(byte* text, int length)
    {
        if (length == 0)
            return (0, 0);
        int rest = length & 15;
        byte* end = text + length;
        return rest == 0 ? (Poly1305Scalar.Read(end - 16), Poly1305Scalar.Read(end - 8)) : Poly1305Scalar.ReadPartial(end - rest, rest);
    }

    /// <param name="bits">High bits of groups B and A.</param>
    /// <param name="h">Five vectors, replaced.</param>
    /// <param name="ra">The multipliers B and A, under five names: by one name the compiler keeps more of them in registers than there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Steps(byte* step, int count, Limbs* bits, Limbs* h, Limbs* ra, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re)
    {
        for (; count > 0; count--, step += StepLength)
        {
            Split(step + GroupLength, bits[0], out var m0, out var m1, out var m2, out var m3, out var m4);
            Limbs d0 = Lanes512.MultiplyLow32(m0, ra[0]), d1 = Lanes512.MultiplyLow32(m0, ra[1]), d2 = Lanes512.MultiplyLow32(m0, ra[2]);
            Limbs d3 = Lanes512.MultiplyLow32(m0, ra[3]), d4 = Lanes512.MultiplyLow32(m0, ra[4]);
            MultiplyAddUpper(m1, m2, m3, m4, rb, rc, rd, re, ref d0, ref d1, ref d2, ref d3, ref d4);
            Split(step, bits[1], out m0, out m1, out m2, out m3, out m4);
            m0 += h[0];
            m1 += h[1];
            m2 += h[2];
            m3 += h[3];
            m4 += h[4];
            d0 += Lanes512.MultiplyLow32(m0, ra[9]);
            d1 += Lanes512.MultiplyLow32(m0, ra[10]);
            d2 += Lanes512.MultiplyLow32(m0, ra[11]);
            d3 += Lanes512.MultiplyLow32(m0, ra[12]);
            d4 += Lanes512.MultiplyLow32(m0, ra[13]);
            MultiplyAddUpper(
                m1, m2, m3, m4, rb + MultiplierCount, rc + MultiplierCount, rd + MultiplierCount, re + MultiplierCount, ref d0, ref d1, ref d2, ref d3, ref d4);
            Carry(ref d0, ref d1, ref d2, ref d3, ref d4);
            h[0] = d0;
            h[1] = d1;
            h[2] = d2;
            h[3] = d3;
            h[4] = d4;
        }
    }

    /// <summary>Splits the eight blocks of a group into limbs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Split(byte* group, Limbs highBits, out Limbs m0, out Limbs m1, out Limbs m2, out Limbs m3, out Limbs m4)
    {
        Limbs first = Vector512.Load((ulong*)group), second = Vector512.Load((ulong*)(group + 64)), mask = Vector512.Create(LimbMask);
        Limbs low = Lanes512.UnpackLow(first, second), high = Lanes512.UnpackHigh(first, second);
        m0 = low & mask;
        m1 = (low >>> 26) & mask;
        m2 = Lanes512.OrAnd(low >>> 52, high << 12, mask);
        m3 = (high >>> 14) & mask;
        m4 = (high >>> 40) | highBits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAddUpper(
        Limbs m1, Limbs m2, Limbs m3, Limbs m4, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re,
        ref Limbs d0, ref Limbs d1, ref Limbs d2, ref Limbs d3, ref Limbs d4)
    {
        d0 += Lanes512.MultiplyLow32(m1, rb[8]);
        d1 += Lanes512.MultiplyLow32(m1, rb[0]);
        d2 += Lanes512.MultiplyLow32(m1, rb[1]);
        d3 += Lanes512.MultiplyLow32(m1, rb[2]);
        d4 += Lanes512.MultiplyLow32(m1, rb[3]);
        d0 += Lanes512.MultiplyLow32(m2, rc[7]);
        d1 += Lanes512.MultiplyLow32(m2, rc[8]);
        d2 += Lanes512.MultiplyLow32(m2, rc[0]);
        d3 += Lanes512.MultiplyLow32(m2, rc[1]);
        d4 += Lanes512.MultiplyLow32(m2, rc[2]);
        d0 += Lanes512.MultiplyLow32(m3, rd[6]);
        d1 += Lanes512.MultiplyLow32(m3, rd[7]);
        d2 += Lanes512.MultiplyLow32(m3, rd[8]);
        d3 += Lanes512.MultiplyLow32(m3, rd[0]);
        d4 += Lanes512.MultiplyLow32(m3, rd[1]);
        d0 += Lanes512.MultiplyLow32(m4, re[5]);
        d1 += Lanes512.MultiplyLow32(m4, re[6]);
        d2 += Lanes512.MultiplyLow32(m4, re[7]);
        d3 += Lanes512.MultiplyLow32(m4, re[8]);
        d4 += Lanes512.MultiplyLow32(m4, re[0]);
    }

    /// <summary>d = m · r, reduced to limbs of 26 bits and a little more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(
        Limbs m0, Limbs m1, Limbs m2, Limbs m3, Limbs m4, Limbs r0, Limbs r1, Limbs r2, Limbs r3, Limbs r4,
        out Limbs d0, out Limbs d1, out Limbs d2, out Limbs d3, out Limbs d4)
    {
        Limbs s1 = r1 + (r1 << 2), s2 = r2 + (r2 << 2), s3 = r3 + (r3 << 2), s4 = r4 + (r4 << 2);
        Limbs e0 = Lanes512.MultiplyLow32(m0, r0), e1 = Lanes512.MultiplyLow32(m0, r1), e2 = Lanes512.MultiplyLow32(m0, r2);
        Limbs e3 = Lanes512.MultiplyLow32(m0, r3), e4 = Lanes512.MultiplyLow32(m0, r4);
        e0 += Lanes512.MultiplyLow32(m1, s4);
        e1 += Lanes512.MultiplyLow32(m1, r0);
        e2 += Lanes512.MultiplyLow32(m1, r1);
        e3 += Lanes512.MultiplyLow32(m1, r2);
        e4 += Lanes512.MultiplyLow32(m1, r3);
        e0 += Lanes512.MultiplyLow32(m2, s3);
        e1 += Lanes512.MultiplyLow32(m2, s4);
        e2 += Lanes512.MultiplyLow32(m2, r0);
        e3 += Lanes512.MultiplyLow32(m2, r1);
        e4 += Lanes512.MultiplyLow32(m2, r2);
        e0 += Lanes512.MultiplyLow32(m3, s2);
        e1 += Lanes512.MultiplyLow32(m3, s3);
        e2 += Lanes512.MultiplyLow32(m3, s4);
        e3 += Lanes512.MultiplyLow32(m3, r0);
        e4 += Lanes512.MultiplyLow32(m3, r1);
        e0 += Lanes512.MultiplyLow32(m4, s1);
        e1 += Lanes512.MultiplyLow32(m4, s2);
        e2 += Lanes512.MultiplyLow32(m4, s3);
        e3 += Lanes512.MultiplyLow32(m4, s4);
        e4 += Lanes512.MultiplyLow32(m4, r0);
        Carry(ref e0, ref e1, ref e2, ref e3, ref e4);
        (d0, d1, d2, d3, d4) = (e0, e1, e2, e3, e4);
    }

    /// <summary>Brings every limb to 26 bits, limbs 1 and 4 to a little more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Carry(ref Limbs d0, ref Limbs d1, ref Limbs d2, ref Limbs d3, ref Limbs d4)
    {
        var mask = Vector512.Create(LimbMask);
        d4 += d3 >>> 26;
        d1 += d0 >>> 26;
        d3 &= mask;
        d0 &= mask;
        var carry = d4 >>> 26;
        d2 += d1 >>> 26;
        d4 &= mask;
        d1 &= mask;
        d0 += carry + (carry << 2);
        d3 += d2 >>> 26;
        d2 &= mask;
        d1 += d0 >>> 26;
        d0 &= mask;
        d4 += d3 >>> 26;
        d3 &= mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Limbs* r, Limbs r0, Limbs r1, Limbs r2, Limbs r3, Limbs r4)
    {
        r[0] = r0;
        r[1] = r1;
        r[2] = r2;
        r[3] = r3;
        r[4] = r4;
        r[5] = r1 + (r1 << 2);
        r[6] = r2 + (r2 << 2);
        r[7] = r3 + (r3 << 2);
        r[8] = r4 + (r4 << 2);
    }
}
