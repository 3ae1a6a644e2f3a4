using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Limbs = System.Runtime.Intrinsics.Vector256<ulong>;

namespace Keyhole.Cryptography;

/// <summary>
/// Poly1305 of a text without associated data in radix 2^26, four blocks per vector and eight per reduction. The text is padded in front
/// with blocks of value zero to a multiple of eight, so that the last eight blocks, the block of lengths among them, meet the powers r^8 … r^1.
/// </summary>
/// <remarks>
/// Lanes of a group of four blocks lie in the order 0, 2, 1, 3, as unpacking two loads of two blocks gives it. A multiplier is nine vectors: limbs r0 … r4,
/// then 5·r1 … 5·r4, which fold 2^130 to 5.
/// </remarks>
internal static unsafe class Poly1305Vector256
{
    /// <summary>Vectors of memory that a call needs: four multipliers and five limbs.</summary>
    internal const int TableCount = (4 * MultiplierCount) + 5;

    private const int MultiplierCount = 9;
    private const int GroupLength = 64;
    private const int StepLength = 2 * GroupLength;
    private const int StepBlocks = StepLength / Poly1305Scalar.BlockLength;
    private const ulong LimbMask = 0x3ffffff;

    /// <param name="key">32 bytes: r and s.</param>
    /// <param name="tag">16 bytes; may follow the text directly.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compute(byte* text, int length, byte* key, byte* tag, Limbs* table)
    {
        int blockCount = ((length + 15) >> 4) + 1;
        Powers(key, blockCount, table);
        Absorb(text, length, blockCount, key, tag, table, table + MultiplierCount, table + (2 * MultiplierCount), table + (3 * MultiplierCount),
            table + (4 * MultiplierCount));
    }

    /// <summary>Fills the table: r^4, r^8 in every lane, then r^4 … r^1 and r^8 … r^5 by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Powers(byte* key, int blockCount, Limbs* table)
    {
        Limbs* r4 = table, r8 = table + MultiplierCount, last = table + (2 * MultiplierCount), lastButOne = table + (3 * MultiplierCount);
        (ulong low, ulong high) = Poly1305Scalar.ReadClamped(key);
        Limbs a0 = Vector256.Create(low & LimbMask), a1 = Vector256.Create((low >> 26) & LimbMask);
        Limbs a2 = Vector256.Create(((low >> 52) | (high << 12)) & LimbMask), a3 = Vector256.Create((high >> 14) & LimbMask), a4 = Vector256.Create(high >> 40);
        StoreMultiplier(last, a0, a1, a2, a3, a4);

        Multiply(a0, a1, a2, a3, a4, last, out var b0, out var b1, out var b2, out var b3, out var b4);
        Carry(ref b0, ref b1, ref b2, ref b3, ref b4);
        // r2 r2 r r times r2 1 r2 1 gives r4 r2 r3 r1, the order of the lanes.
        a0 = Halves(b0, a0);
        a1 = Halves(b1, a1);
        a2 = Halves(b2, a2);
        a3 = Halves(b3, a3);
        a4 = Halves(b4, a4);
        StoreMultiplier(
            last, Lanes.UnpackLow(b0, Vector256.Create(1UL)), Lanes.UnpackLow(b1, Limbs.Zero), Lanes.UnpackLow(b2, Limbs.Zero),
            Lanes.UnpackLow(b3, Limbs.Zero), Lanes.UnpackLow(b4, Limbs.Zero));
        Multiply(a0, a1, a2, a3, a4, last, out b0, out b1, out b2, out b3, out b4);
        Carry(ref b0, ref b1, ref b2, ref b3, ref b4);
        StoreMultiplier(last, b0, b1, b2, b3, b4);
        if (blockCount <= 4)
            return;

        StoreMultiplier(r4, First(b0), First(b1), First(b2), First(b3), First(b4));
        Multiply(b0, b1, b2, b3, b4, r4, out a0, out a1, out a2, out a3, out a4);
        Carry(ref a0, ref a1, ref a2, ref a3, ref a4);
        StoreMultiplier(lastButOne, a0, a1, a2, a3, a4);
        StoreMultiplier(r8, First(a0), First(a1), First(a2), First(a3), First(a4));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Absorb(
        byte* text, int length, int blockCount, byte* key, byte* tag, Limbs* r4, Limbs* r8, Limbs* last, Limbs* lastButOne, Limbs* parked)
    {
        int stepCount = (blockCount + StepBlocks - 1) / StepBlocks;
        int padding = (stepCount * StepBlocks) - blockCount;
        byte* step = text - (padding * Poly1305Scalar.BlockLength);
        Limbs d0, d1, d2, d3, d4;
        Limbs h0 = Limbs.Zero, h1 = Limbs.Zero, h2 = Limbs.Zero, h3 = Limbs.Zero, h4 = Limbs.Zero;
        if (stepCount > 1)
        {
            Limbs present = Present(4, padding);
            Split(LoadPadded(step + 64, text), LoadPadded(step + 96, text), present, HighBit & present, out h0, out h1, out h2, out h3, out h4);
            Multiply(h0, h1, h2, h3, h4, r4, out d0, out d1, out d2, out d3, out d4);
            present = Present(0, padding);
            Split(LoadPadded(step, text), LoadPadded(step + 32, text), present, HighBit & present, out h0, out h1, out h2, out h3, out h4);
            MultiplyAdd(h0, h1, h2, h3, h4, r8, ref d0, ref d1, ref d2, ref d3, ref d4);
            Carry(ref d0, ref d1, ref d2, ref d3, ref d4);
            (h0, h1, h2, h3, h4) = (d0, d1, d2, d3, d4);
            step += StepLength;
            padding = 0;
            if (stepCount > 2)
            {
                (parked[0], parked[1], parked[2], parked[3], parked[4]) = (h0, h1, h2, h3, h4);
                step = Steps(step, stepCount - 2, parked, r4, r4, r4, r4, r4);
                (h0, h1, h2, h3, h4) = (parked[0], parked[1], parked[2], parked[3], parked[4]);
            }
        }

        // The last eight blocks: whole ones, the rest of the text in block 6 when it does not end on a block, the lengths in block 7.
        Limbs end = Vector256.Create(SixthBlock(text, length, step), Vector128.Create(0UL, (ulong)length));
        Limbs last1 = Present(4, padding), n0, n1, n2, n3, n4;
        Split(LoadPadded(step + 64, text), end, last1, HighBit & last1, out n0, out n1, out n2, out n3, out n4);
        Multiply(n0, n1, n2, n3, n4, last, out d0, out d1, out d2, out d3, out d4);
        if (padding < 4)
        {
            Limbs last0 = Present(0, padding);
            Split(LoadPadded(step, text), LoadPadded(step + 32, text), last0, HighBit & last0, out n0, out n1, out n2, out n3, out n4);
            MultiplyAdd(h0 + n0, h1 + n1, h2 + n2, h3 + n3, h4 + n4, lastButOne, ref d0, ref d1, ref d2, ref d3, ref d4);
        }
        SumAndFinish(d0, d1, d2, d3, d4, key, tag);
    }

    /// <summary>Whole steps in the middle of a text: h = (h + first group) · r^8 + second group · r^4.</summary>
    /// <param name="h">Five vectors, replaced.</param>
    /// <param name="ra">The multipliers r^4 and r^8, under five names: by one name the compiler keeps them in registers that it does not have.</param>
    /// <returns>Where the next step begins.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static byte* Steps(byte* step, int count, Limbs* h, Limbs* ra, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re)
    {
        for (; count > 0; count--, step += StepLength)
        {
            Split(Load(step + 64), Load(step + 96), AllPresent, HighBit, out var m0, out var m1, out var m2, out var m3, out var m4);
            Limbs d0 = Lanes.MultiplyLow32(m0, ra[0]), d1 = Lanes.MultiplyLow32(m0, ra[1]), d2 = Lanes.MultiplyLow32(m0, ra[2]);
            Limbs d3 = Lanes.MultiplyLow32(m0, ra[3]), d4 = Lanes.MultiplyLow32(m0, ra[4]);
            MultiplyAddUpper(m1, m2, m3, m4, rb, rc, rd, re, ref d0, ref d1, ref d2, ref d3, ref d4);
            Split(Load(step), Load(step + 32), AllPresent, HighBit, out m0, out m1, out m2, out m3, out m4);
            m0 += h[0];
            m1 += h[1];
            m2 += h[2];
            m3 += h[3];
            m4 += h[4];
            d0 += Lanes.MultiplyLow32(m0, ra[9]);
            d1 += Lanes.MultiplyLow32(m0, ra[10]);
            d2 += Lanes.MultiplyLow32(m0, ra[11]);
            d3 += Lanes.MultiplyLow32(m0, ra[12]);
            d4 += Lanes.MultiplyLow32(m0, ra[13]);
            MultiplyAddUpper(
                m1, m2, m3, m4, rb + MultiplierCount, rc + MultiplierCount, rd + MultiplierCount, re + MultiplierCount, ref d0, ref d1, ref d2, ref d3, ref d4);
            Carry(ref d0, ref d1, ref d2, ref d3, ref d4);
            h[0] = d0;
            h[1] = d1;
            h[2] = d2;
            h[3] = d3;
            h[4] = d4;
        }
        return step;
    }

    /// <summary>2^128 of every block, as bit 24 of limb 4.</summary>
    private static Limbs HighBit => Vector256.Create(1UL << 24);

    private static Limbs AllPresent => Limbs.AllBitsSet;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs Load(byte* source) => Vector256.Load((ulong*)source);

    /// <summary>Block 6 of the last step: a whole block, the last 1 to 15 bytes with zeros behind them, or nothing when there is no text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> SixthBlock(byte* text, int length, byte* step)
    {
        int rest = length & 15;
        if (rest == 0)
            return length == 0 ? Vector128<ulong>.Zero : Vector128.Load((ulong*)(step + 96));
        (ulong low, ulong high) = Poly1305Scalar.ReadPartial(text + length - rest, rest);
        return Vector128.Create(low, high);
    }

    /// <summary>Two blocks; those that begin before the text are whatever the text begins with, to be masked by <see cref="Present"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs LoadPadded(byte* source, byte* text) => Vector256.Create(
        Vector128.Load((ulong*)Math.Max((nuint)source, (nuint)text)), Vector128.Load((ulong*)Math.Max((nuint)source + 16, (nuint)text)));

    /// <summary>All ones in the lanes of a group whose blocks are not padding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs Present(long firstBlock, int padding) =>
        Vector256.GreaterThan(Vector256.Create(firstBlock) + Vector256.Create(1L, 3, 2, 4), Vector256.Create((long)padding)).AsUInt64();

    /// <summary>Splits four blocks into limbs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(
        Limbs first, Limbs second, Limbs present, Limbs highBits, out Limbs m0, out Limbs m1, out Limbs m2, out Limbs m3, out Limbs m4)
    {
        var mask = Vector256.Create(LimbMask);
        Limbs low = Lanes.UnpackLow(first, second) & present, high = Lanes.UnpackHigh(first, second) & present;
        m0 = low & mask;
        m1 = (low >>> 26) & mask;
        m2 = ((low >>> 52) | (high << 12)) & mask;
        m3 = (high >>> 14) & mask;
        m4 = (high >>> 40) | highBits;
    }

    /// <summary>d = m · r, unreduced: limbs of m below 2^28 give sums below 2^60.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(
        Limbs m0, Limbs m1, Limbs m2, Limbs m3, Limbs m4, Limbs* r, out Limbs d0, out Limbs d1, out Limbs d2, out Limbs d3, out Limbs d4)
    {
        d0 = Lanes.MultiplyLow32(m0, r[0]);
        d1 = Lanes.MultiplyLow32(m0, r[1]);
        d2 = Lanes.MultiplyLow32(m0, r[2]);
        d3 = Lanes.MultiplyLow32(m0, r[3]);
        d4 = Lanes.MultiplyLow32(m0, r[4]);
        MultiplyAddUpper(m1, m2, m3, m4, r, r, r, r, ref d0, ref d1, ref d2, ref d3, ref d4);
    }

    /// <summary>d += m · r, unreduced.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(
        Limbs m0, Limbs m1, Limbs m2, Limbs m3, Limbs m4, Limbs* r, ref Limbs d0, ref Limbs d1, ref Limbs d2, ref Limbs d3, ref Limbs d4)
    {
        d0 += Lanes.MultiplyLow32(m0, r[0]);
        d1 += Lanes.MultiplyLow32(m0, r[1]);
        d2 += Lanes.MultiplyLow32(m0, r[2]);
        d3 += Lanes.MultiplyLow32(m0, r[3]);
        d4 += Lanes.MultiplyLow32(m0, r[4]);
        MultiplyAddUpper(m1, m2, m3, m4, r, r, r, r, ref d0, ref d1, ref d2, ref d3, ref d4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAddUpper(
        Limbs m1, Limbs m2, Limbs m3, Limbs m4, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re,
        ref Limbs d0, ref Limbs d1, ref Limbs d2, ref Limbs d3, ref Limbs d4)
    {
        d0 += Lanes.MultiplyLow32(m1, rb[8]);
        d1 += Lanes.MultiplyLow32(m1, rb[0]);
        d2 += Lanes.MultiplyLow32(m1, rb[1]);
        d3 += Lanes.MultiplyLow32(m1, rb[2]);
        d4 += Lanes.MultiplyLow32(m1, rb[3]);
        d0 += Lanes.MultiplyLow32(m2, rc[7]);
        d1 += Lanes.MultiplyLow32(m2, rc[8]);
        d2 += Lanes.MultiplyLow32(m2, rc[0]);
        d3 += Lanes.MultiplyLow32(m2, rc[1]);
        d4 += Lanes.MultiplyLow32(m2, rc[2]);
        d0 += Lanes.MultiplyLow32(m3, rd[6]);
        d1 += Lanes.MultiplyLow32(m3, rd[7]);
        d2 += Lanes.MultiplyLow32(m3, rd[8]);
        d3 += Lanes.MultiplyLow32(m3, rd[0]);
        d4 += Lanes.MultiplyLow32(m3, rd[1]);
        d0 += Lanes.MultiplyLow32(m4, re[5]);
        d1 += Lanes.MultiplyLow32(m4, re[6]);
        d2 += Lanes.MultiplyLow32(m4, re[7]);
        d3 += Lanes.MultiplyLow32(m4, re[8]);
        d4 += Lanes.MultiplyLow32(m4, re[0]);
    }

    /// <summary>Brings every limb to 26 bits, limbs 1 and 4 to a little more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Carry(ref Limbs d0, ref Limbs d1, ref Limbs d2, ref Limbs d3, ref Limbs d4)
    {
        var mask = Vector256.Create(LimbMask);
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
    private static void StoreMultiplier(Limbs* r, Limbs r0, Limbs r1, Limbs r2, Limbs r3, Limbs r4)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs Halves(Limbs lower, Limbs upper) => Lanes.LowerHalves(lower.AsUInt32(), upper.AsUInt32()).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs First(Limbs value) => Vector256.Create(value.ToScalar());

    /// <summary>Adds the lanes, reduces in radix 2^26, and leaves radix 2^64 for the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumAndFinish(Limbs d0, Limbs d1, Limbs d2, Limbs d3, Limbs d4, byte* key, byte* tag)
    {
        Limbs d01 = Lanes.UnpackLow(d0, d1) + Lanes.UnpackHigh(d0, d1), d23 = Lanes.UnpackLow(d2, d3) + Lanes.UnpackHigh(d2, d3);
        var e01 = d01.GetLower() + d01.GetUpper();
        var e23 = d23.GetLower() + d23.GetUpper();
        var e4 = d4.GetLower() + d4.GetUpper();
        Poly1305Scalar.FinishLimbs(e01.ToScalar(), e01.GetElement(1), e23.ToScalar(), e23.GetElement(1), e4.ToScalar() + e4.GetElement(1), key, tag);
    }
}
