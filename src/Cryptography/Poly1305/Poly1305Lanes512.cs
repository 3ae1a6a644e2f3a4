using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Limbs = System.Runtime.Intrinsics.Vector512<ulong>;

namespace Keyhole.Cryptography;

/// <summary>
/// Poly1305 of eight short texts at once, one lane each, in radix 2^26: no powers of r, one block of every text per step. Texts are padded in front with
/// blocks of value zero to the longest, so that all end together; as h is zero until a text begins, its padding changes nothing.
/// </summary>
internal static unsafe class Poly1305Lanes512
{
    internal const int LaneCount = 8;

    /// <summary>Vectors of memory that a call needs: the multiplier, h, and the lanes' positions and paddings.</summary>
    internal const int TableCount = MultiplierCount + 5 + 1;

    private const int MultiplierCount = 9;
    private const int Sum = MultiplierCount;
    private const int Starts = Sum + 5;
    private const ulong LimbMask = 0x3ffffff;

    /// <param name="texts">Eight texts with 16 bytes behind each that may be read.</param>
    /// <param name="lengths">Their lengths.</param>
    /// <param name="keys">32 bytes for each lane, <paramref name="keyStride"/> apart.</param>
    /// <param name="tags">16 bytes for each lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Compute(byte** texts, int* lengths, byte* keys, nint keyStride, byte* tags, Limbs* table)
    {
        Limbs clampLow = Vector512.Create(0x0ffffffc0fffffffUL), clampHigh = Vector512.Create(0x0ffffffc0ffffffcUL);
        LoadPairs(
            keys, keys + keyStride, keys + (2 * keyStride), keys + (3 * keyStride),
            keys + (4 * keyStride), keys + (5 * keyStride), keys + (6 * keyStride), keys + (7 * keyStride), out var low, out var high);
        Split(low & clampLow, high & clampHigh, Limbs.Zero, out var r0, out var r1, out var r2, out var r3, out var r4);
        StoreMultiplier(table, r0, r1, r2, r3, r4);
        table[Sum] = table[Sum + 1] = table[Sum + 2] = table[Sum + 3] = table[Sum + 4] = Limbs.Zero;

        int longest = 0;
        for (int i = 0; i < LaneCount; i++)
            longest = Math.Max(longest, BlocksBeforeLast(lengths[i]));
        byte** starts = (byte**)(table + Starts);
        for (int i = 0; i < LaneCount; i++)
            starts[i] = texts[i] - ((longest - BlocksBeforeLast(lengths[i])) * Poly1305Scalar.BlockLength);
        WholeBlocks(starts, texts, longest, table + Sum, table, table, table, table, table);
        Tail(texts, lengths, keys, keyStride, tags, table + Sum, table, table, table, table, table);
    }

    /// <summary>Whole blocks of a text that another block of it follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int BlocksBeforeLast(int length) => length == 0 ? 0 : (length - 1) >> 4;

    /// <param name="ra">The multiplier under five names: by one name the compiler keeps it in registers that it does not have.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void WholeBlocks(byte** starts, byte** texts, int count, Limbs* h, Limbs* ra, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re)
    {
        Limbs h0 = Limbs.Zero, h1 = Limbs.Zero, h2 = Limbs.Zero, h3 = Limbs.Zero, h4 = Limbs.Zero;
        var first = Vector512.Load((ulong*)texts);
        var position = Vector512.Load((ulong*)starts);
        for (nint offset = 0; count > 0; count--, offset += Poly1305Scalar.BlockLength, position += Vector512.Create((ulong)Poly1305Scalar.BlockLength))
        {
            // Addresses are below 2^63: a signed comparison serves.
            Limbs present = Vector512.GreaterThanOrEqual(position.AsInt64(), first.AsInt64()).AsUInt64();
            LoadPairs(
                At(starts, texts, 0, offset), At(starts, texts, 1, offset), At(starts, texts, 2, offset), At(starts, texts, 3, offset),
                At(starts, texts, 4, offset), At(starts, texts, 5, offset), At(starts, texts, 6, offset), At(starts, texts, 7, offset), out var low, out var high);
            Split(low & present, high & present, present & Vector512.Create(1UL << 24), out var m0, out var m1, out var m2, out var m3, out var m4);
            Absorb(m0, m1, m2, m3, m4, ref h0, ref h1, ref h2, ref h3, ref h4, ra, rb, rc, rd, re);
        }
        (h[0], h[1], h[2], h[3], h[4]) = (h0, h1, h2, h3, h4);
    }

    /// <summary>Where a lane reads: at its text's first block while its padding lasts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* At(byte** starts, byte** texts, int lane, nint offset) => (byte*)Math.Max((nuint)(starts[lane] + offset), (nuint)texts[lane]);

    /// <summary>The last block of every text, the block of lengths, and the tags.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Tail(
        byte** texts, int* lengths, byte* keys, nint keyStride, byte* tags, Limbs* h, Limbs* ra, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re)
    {
        Limbs bit = Vector512.Create(1UL << 24), one = Vector512.Create(1UL), length = Vector512.Create(
            (ulong)lengths[0], (ulong)lengths[1], (ulong)lengths[2], (ulong)lengths[3],
            (ulong)lengths[4], (ulong)lengths[5], (ulong)lengths[6], (ulong)lengths[7]);
        LoadPairs(
            LastBlock(texts, lengths, 0), LastBlock(texts, lengths, 1), LastBlock(texts, lengths, 2), LastBlock(texts, lengths, 3),
            LastBlock(texts, lengths, 4), LastBlock(texts, lengths, 5), LastBlock(texts, lengths, 6), LastBlock(texts, lengths, 7), out var low, out var high);
        // A text of no length has no last block: its rest is 0. Shifts by 64 and more give zero.
        Limbs present = Vector512.GreaterThan(length.AsInt64(), Vector512<long>.Zero).AsUInt64();
        Limbs restBits = (((length - one) & Vector512.Create(15UL)) + one) << 3;
        low &= (Lanes512.ShiftLeft(one, restBits) - one) & present;
        high &= (Lanes512.ShiftLeft(one, Vector512.Max(restBits, Vector512.Create(64UL)) - Vector512.Create(64UL)) - one) & present;
        Split(low, high, present & bit, out var m0, out var m1, out var m2, out var m3, out var m4);
        Limbs h0 = h[0], h1 = h[1], h2 = h[2], h3 = h[3], h4 = h[4];
        Absorb(m0, m1, m2, m3, m4, ref h0, ref h1, ref h2, ref h3, ref h4, ra, rb, rc, rd, re);
        Split(Limbs.Zero, length, bit, out m0, out m1, out m2, out m3, out m4);
        Absorb(m0, m1, m2, m3, m4, ref h0, ref h1, ref h2, ref h3, ref h4, ra, rb, rc, rd, re);
        LoadPairs(
            keys + 16, keys + keyStride + 16, keys + (2 * keyStride) + 16, keys + (3 * keyStride) + 16,
            keys + (4 * keyStride) + 16, keys + (5 * keyStride) + 16, keys + (6 * keyStride) + 16, keys + (7 * keyStride) + 16, out low, out high);
        Finish(h0, h1, h2, h3, h4, low, high, tags);
    }

    /// <summary>Where a lane's last block begins. Behind the text lies a tag or room for one, so 16 bytes can be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* LastBlock(byte** texts, int* lengths, int lane) => texts[lane] + (BlocksBeforeLast(lengths[lane]) * Poly1305Scalar.BlockLength);

    /// <summary>16 bytes of each lane's memory: the first eight of each in one vector, the last eight in the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadPairs(byte* p0, byte* p1, byte* p2, byte* p3, byte* p4, byte* p5, byte* p6, byte* p7, out Limbs low, out Limbs high)
    {
        Limbs even = Vector512.Create(Vector256.Create(Vector128.Load((ulong*)p0), Vector128.Load((ulong*)p2)), Vector256.Create(Vector128.Load((ulong*)p4), Vector128.Load((ulong*)p6))), odd = Vector512.Create(Vector256.Create(Vector128.Load((ulong*)p1), Vector128.Load((ulong*)p3)), Vector256.Create(Vector128.Load((ulong*)p5), Vector128.Load((ulong*)p7)));
        low = Lanes512.UnpackLow(even, odd);
        high = Lanes512.UnpackHigh(even, odd);
    }

    /// <summary>h = (h + block) · r, reduced to limbs of 26 bits and a little more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Absorb(
        Limbs m0, Limbs m1, Limbs m2, Limbs m3, Limbs m4, ref Limbs h0, ref Limbs h1, ref Limbs h2, ref Limbs h3, ref Limbs h4,
        Limbs* ra, Limbs* rb, Limbs* rc, Limbs* rd, Limbs* re)
    {
        m0 += h0;
        m1 += h1;
        m2 += h2;
        m3 += h3;
        m4 += h4;
        Limbs d0 = Lanes512.MultiplyLow32(m0, ra[0]), d1 = Lanes512.MultiplyLow32(m0, ra[1]), d2 = Lanes512.MultiplyLow32(m0, ra[2]);
        Limbs d3 = Lanes512.MultiplyLow32(m0, ra[3]), d4 = Lanes512.MultiplyLow32(m0, ra[4]);
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
        h1 = d1 + (d0 >>> 26);
        h0 = d0 & mask;
        h2 = d2;
        h4 = d4 + (d3 >>> 26);
        h3 = d3 & mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(Limbs low, Limbs high, Limbs highBits, out Limbs m0, out Limbs m1, out Limbs m2, out Limbs m3, out Limbs m4)
    {
        var mask = Vector512.Create(LimbMask);
        m0 = low & mask;
        m1 = (low >>> 26) & mask;
        m2 = ((low >>> 52) | (high << 12)) & mask;
        m3 = (high >>> 14) & mask;
        m4 = (high >>> 40) | highBits;
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

    /// <summary>tag = (h mod 2^130 − 5) + s mod 2^128 of each lane, without a branch on h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Limbs h0, Limbs h1, Limbs h2, Limbs h3, Limbs h4, Limbs sLow, Limbs sHigh, byte* tags)
    {
        var mask = Vector512.Create(LimbMask);
        h2 += h1 >>> 26;
        h1 &= mask;
        h3 += h2 >>> 26;
        h2 &= mask;
        h4 += h3 >>> 26;
        h3 &= mask;
        var carry = h4 >>> 26;
        h4 &= mask;
        h0 += carry + (carry << 2);
        h1 += h0 >>> 26;
        h0 &= mask;

        // h + 5 − 2^130 has no borrow exactly when h is not below the prime.
        Limbs g0 = h0 + Vector512.Create(5UL), g1 = h1 + (g0 >>> 26), g2 = h2 + (g1 >>> 26), g3 = h3 + (g2 >>> 26), g4 = h4 + (g3 >>> 26);
        Limbs reduced = Limbs.Zero - (g4 >>> 26);
        h0 = (h0 & ~reduced) | (g0 & mask & reduced);
        h1 = (h1 & ~reduced) | (g1 & mask & reduced);
        h2 = (h2 & ~reduced) | (g2 & mask & reduced);
        h3 = (h3 & ~reduced) | (g3 & mask & reduced);
        h4 = (h4 & ~reduced) | (g4 & mask & reduced);

        // Limb 1 may hold 2^26: added, not combined by or.
        Limbs low = h0 + (h1 << 26) + (h2 << 52);
        Limbs overflow = Vector512.LessThan(low, h2 << 52) & Vector512.Create(1UL);
        Limbs high = (h2 >>> 12) + (h3 << 14) + (h4 << 40) + overflow;
        low += sLow;
        high += sHigh + (Vector512.LessThan(low, sLow) & Vector512.Create(1UL));
        Limbs even = Lanes512.UnpackLow(low, high), odd = Lanes512.UnpackHigh(low, high);
        even.GetLower().GetLower().Store((ulong*)tags);
        odd.GetLower().GetLower().Store((ulong*)(tags + 16));
        even.GetLower().GetUpper().Store((ulong*)(tags + 32));
        odd.GetLower().GetUpper().Store((ulong*)(tags + 48));
        even.GetUpper().GetLower().Store((ulong*)(tags + 64));
        odd.GetUpper().GetLower().Store((ulong*)(tags + 80));
        even.GetUpper().GetUpper().Store((ulong*)(tags + 96));
        odd.GetUpper().GetUpper().Store((ulong*)(tags + 112));
    }
}
