using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Keyhole.Cryptography;

/// <summary>
/// Poly1305 (RFC 8439 section 2.5) of a text without associated data: the text padded to 16 bytes, then the block of lengths (section 2.8).
/// Radix 2^64: h = h0 + h1·2^64 + h2·2^128 with h2 at most 4 between blocks.
/// </summary>
internal static unsafe class Poly1305Scalar
{
    internal const int BlockLength = 16;
    internal const int KeyLength = 32;

    private const ulong ClampLow = 0x0ffffffc0fffffff;
    private const ulong ClampHigh = 0x0ffffffc0ffffffc;

    /// <param name="text">With 16 bytes behind it that may be read.</param>
    /// <param name="key">32 bytes: r and s.</param>
    /// <param name="tag">16 bytes; may follow the text directly.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compute(byte* text, int length, byte* key, byte* tag)
    {
        (ulong r0, ulong r1) = ReadClamped(key);
        ulong s1 = r1 + (r1 >> 2);
        ulong h0 = 0, h1 = 0, h2 = 0;
        ulong textLength = (ulong)length;
        for (; length >= BlockLength; length -= BlockLength, text += BlockLength)
            Absorb(ref h0, ref h1, ref h2, Read(text), Read(text + 8), r0, r1, s1);
        if (length > 0)
        {
            (ulong low, ulong high) = ReadPartial(text, length);
            Absorb(ref h0, ref h1, ref h2, low, high, r0, r1, s1);
        }
        Absorb(ref h0, ref h1, ref h2, 0, textLength, r0, r1, s1);
        Finish(h0, h1, h2, key, tag);
    }

    /// <summary>r with the bits cleared that section 2.5 names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Low, ulong High) ReadClamped(byte* key) => (Read(key) & ClampLow, Read(key + 8) & ClampHigh);

    /// <summary>The last 1 to 15 bytes, padded with zeros. 16 are read: behind the text lies a tag or room for one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Low, ulong High) ReadPartial(byte* text, int length)
    {
        int highBits = Math.Max((8 * length) - 64, 0);
        ulong lowMask = length >= 8 ? ulong.MaxValue : (1UL << (8 * length)) - 1;
        return (Read(text) & lowMask, Read(text + 8) & ((1UL << highBits) - 1));
    }

    /// <summary>h = (h + block + 2^128) · r mod 2^130 − 5, partially reduced. r1 is a multiple of 4, so s1 = 5·r1/4 folds 2^128 · r1 back exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Absorb(ref ulong h0, ref ulong h1, ref ulong h2, ulong low, ulong high, ulong r0, ulong r1, ulong s1)
    {
        h0 += low;
        ulong carry = h0 < low ? 1UL : 0;
        high += carry;
        ulong overflow = high < carry ? 1UL : 0;
        h1 += high;
        overflow += h1 < high ? 1UL : 0;
        h2 += overflow + 1;

        ulong d0High = Math.BigMul(h0, r0, out ulong d0), t0High = Math.BigMul(h1, s1, out ulong t0);
        ulong d1High = Math.BigMul(h0, r1, out ulong d1), t1High = Math.BigMul(h1, r0, out ulong t1);
        ulong top1 = h2 * s1, top2 = h2 * r0;
        d0 += t0;
        d0High += t0High + (d0 < t0 ? 1UL : 0);
        d1 += t1;
        d1High += t1High + (d1 < t1 ? 1UL : 0);
        d1 += top1;
        d1High += d1 < top1 ? 1UL : 0;
        d1 += d0High;
        d1High += d1 < d0High ? 1UL : 0;
        h2 = top2 + d1High;

        carry = (h2 >> 2) + (h2 & ~3UL);
        h2 &= 3;
        h0 = d0 + carry;
        carry = h0 < carry ? 1UL : 0;
        h1 = d1 + carry;
        h2 += h1 < carry ? 1UL : 0;
    }

    /// <summary>Carries five unreduced limbs of radix 2^26, each below 2^63, and finishes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void FinishLimbs(ulong d0, ulong d1, ulong d2, ulong d3, ulong d4, byte* key, byte* tag)
    {
        const ulong mask = 0x3ffffff;
        d1 += d0 >> 26;
        d2 += d1 >> 26;
        d3 += d2 >> 26;
        d4 += d3 >> 26;
        d0 = (d0 & mask) + (5 * (d4 >> 26));
        d1 = (d1 & mask) + (d0 >> 26);
        d0 &= mask;
        d2 = (d2 & mask) + (d1 >> 26);
        d1 &= mask;
        d3 = (d3 & mask) + (d2 >> 26);
        d2 &= mask;
        d4 = (d4 & mask) + (d3 >> 26);
        d3 &= mask;
        Finish(d0 | (d1 << 26) | (d2 << 52), (d2 >> 12) | (d3 << 14) | (d4 << 40), d4 >> 24, key, tag);
    }

    /// <summary>tag = (h mod 2^130 − 5) + s mod 2^128, without a branch on h, which is below 2^131.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Finish(ulong h0, ulong h1, ulong h2, byte* key, byte* tag)
    {
        ulong g0 = h0 + 5, carry = g0 < 5 ? 1UL : 0, g1 = h1 + carry;
        carry = g1 < carry ? 1UL : 0;
        ulong reduced = 0 - (((h2 + carry) >> 2) & 1);
        h0 ^= (h0 ^ g0) & reduced;
        h1 ^= (h1 ^ g1) & reduced;
        ulong s0 = Read(key + 16), s1 = Read(key + 24);
        h0 += s0;
        h1 += s1 + (h0 < s0 ? 1UL : 0);
        Write(tag, h0);
        Write(tag + 8, h1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Read(byte* source) => BitConverter.IsLittleEndian
        ? Unsafe.ReadUnaligned<ulong>(source)
        : BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(byte* destination, ulong value) =>
        Unsafe.WriteUnaligned(destination, BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value));
}
