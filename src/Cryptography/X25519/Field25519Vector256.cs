using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Limbs = System.Runtime.Intrinsics.Vector256<ulong>;

namespace Keyhole.Cryptography;

/// <summary>
/// The field of 2^255 − 19, four elements at once, one per lane: ten vectors of limbs in radix 2^25.5, limb i at bit ⌈25.5·i⌉.
/// </summary>
/// <remarks>
/// A product leaves limbs of 26 bits (even) and 25 bits (odd), limbs 1 and 6 a trifle more. Its factors may be three times as large: a difference
/// (bias + left − right) or a sum of two. 38 times the largest odd limb, 19 times the largest even one are then below 2^32, and the sums of a
/// product below 2^63.
/// </remarks>
internal static unsafe class Field25519Vector256
{
    /// <summary>Vectors of an element.</summary>
    internal const int LimbCount = 10;

    private const ulong EvenMask = (1UL << 26) - 1;
    private const ulong OddMask = (1UL << 25) - 1;

    /// <summary>Writes 2 · (2^255 − 19) in limbs of twice their widths: added before a product is subtracted, it keeps every limb from going below zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WriteBias(Limbs* bias)
    {
        for (int i = 0; i < LimbCount; i++)
            bias[i] = Vector256.Create(2 * (i == 0 ? EvenMask - 18 : (i & 1) == 0 ? EvenMask : OddMask));
    }

    /// <summary>product = left · right; any of them may be the same memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Multiply(Limbs* product, Limbs* left, Limbs* right)
    {
        // Two odd limbs meet half a bit too high: twice. Beyond limb 9 lies 2^255 = 19.
        var nineteen = Vector256.Create(19UL);
        Limbs f0 = left[0], f1 = left[1], f2 = left[2], f3 = left[3], f4 = left[4];
        Limbs f5 = left[5], f6 = left[6], f7 = left[7], f8 = left[8], f9 = left[9];
        Limbs g = right[0];
        Limbs h0 = Times(f0, g);
        Limbs h1 = Times(f1, g);
        Limbs h2 = Times(f2, g);
        Limbs h3 = Times(f3, g);
        Limbs h4 = Times(f4, g);
        Limbs h5 = Times(f5, g);
        Limbs h6 = Times(f6, g);
        Limbs h7 = Times(f7, g);
        Limbs h8 = Times(f8, g);
        Limbs h9 = Times(f9, g);
        g = right[1];
        Limbs g19 = Times(g, nineteen);
        Limbs g2 = g + g;
        Limbs g38 = g19 + g19;
        h1 += Times(f0, g);
        h2 += Times(f1, g2);
        h3 += Times(f2, g);
        h4 += Times(f3, g2);
        h5 += Times(f4, g);
        h6 += Times(f5, g2);
        h7 += Times(f6, g);
        h8 += Times(f7, g2);
        h9 += Times(f8, g);
        h0 += Times(f9, g38);
        g = right[2];
        g19 = Times(g, nineteen);
        h2 += Times(f0, g);
        h3 += Times(f1, g);
        h4 += Times(f2, g);
        h5 += Times(f3, g);
        h6 += Times(f4, g);
        h7 += Times(f5, g);
        h8 += Times(f6, g);
        h9 += Times(f7, g);
        h0 += Times(f8, g19);
        h1 += Times(f9, g19);
        g = right[3];
        g19 = Times(g, nineteen);
        g2 = g + g;
        g38 = g19 + g19;
        h3 += Times(f0, g);
        h4 += Times(f1, g2);
        h5 += Times(f2, g);
        h6 += Times(f3, g2);
        h7 += Times(f4, g);
        h8 += Times(f5, g2);
        h9 += Times(f6, g);
        h0 += Times(f7, g38);
        h1 += Times(f8, g19);
        h2 += Times(f9, g38);
        g = right[4];
        g19 = Times(g, nineteen);
        h4 += Times(f0, g);
        h5 += Times(f1, g);
        h6 += Times(f2, g);
        h7 += Times(f3, g);
        h8 += Times(f4, g);
        h9 += Times(f5, g);
        h0 += Times(f6, g19);
        h1 += Times(f7, g19);
        h2 += Times(f8, g19);
        h3 += Times(f9, g19);
        g = right[5];
        g19 = Times(g, nineteen);
        g2 = g + g;
        g38 = g19 + g19;
        h5 += Times(f0, g);
        h6 += Times(f1, g2);
        h7 += Times(f2, g);
        h8 += Times(f3, g2);
        h9 += Times(f4, g);
        h0 += Times(f5, g38);
        h1 += Times(f6, g19);
        h2 += Times(f7, g38);
        h3 += Times(f8, g19);
        h4 += Times(f9, g38);
        g = right[6];
        g19 = Times(g, nineteen);
        h6 += Times(f0, g);
        h7 += Times(f1, g);
        h8 += Times(f2, g);
        h9 += Times(f3, g);
        h0 += Times(f4, g19);
        h1 += Times(f5, g19);
        h2 += Times(f6, g19);
        h3 += Times(f7, g19);
        h4 += Times(f8, g19);
        h5 += Times(f9, g19);
        g = right[7];
        g19 = Times(g, nineteen);
        g2 = g + g;
        g38 = g19 + g19;
        h7 += Times(f0, g);
        h8 += Times(f1, g2);
        h9 += Times(f2, g);
        h0 += Times(f3, g38);
        h1 += Times(f4, g19);
        h2 += Times(f5, g38);
        h3 += Times(f6, g19);
        h4 += Times(f7, g38);
        h5 += Times(f8, g19);
        h6 += Times(f9, g38);
        g = right[8];
        g19 = Times(g, nineteen);
        h8 += Times(f0, g);
        h9 += Times(f1, g);
        h0 += Times(f2, g19);
        h1 += Times(f3, g19);
        h2 += Times(f4, g19);
        h3 += Times(f5, g19);
        h4 += Times(f6, g19);
        h5 += Times(f7, g19);
        h6 += Times(f8, g19);
        h7 += Times(f9, g19);
        g = right[9];
        g19 = Times(g, nineteen);
        g2 = g + g;
        g38 = g19 + g19;
        h9 += Times(f0, g);
        h0 += Times(f1, g38);
        h1 += Times(f2, g19);
        h2 += Times(f3, g38);
        h3 += Times(f4, g19);
        h4 += Times(f5, g38);
        h5 += Times(f6, g19);
        h6 += Times(f7, g38);
        h7 += Times(f8, g19);
        h8 += Times(f9, g38);
        CarryAndStore(product, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
    }

    /// <summary>square = value²; both may be the same memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Square(Limbs* square, Limbs* value)
    {
        // w is a limb beyond 2^255, odd ones twice; e an odd limb twice, d the row's limb twice.
        Limbs nineteen = Vector256.Create(19UL), thirtyEight = Vector256.Create(38UL);
        Limbs f0 = value[0], f1 = value[1], f2 = value[2], f3 = value[3], f4 = value[4];
        Limbs f5 = value[5], f6 = value[6], f7 = value[7], f8 = value[8], f9 = value[9];
        Limbs w5 = Times(f5, thirtyEight), w6 = Times(f6, nineteen), w7 = Times(f7, thirtyEight), w8 = Times(f8, nineteen), w9 = Times(f9, thirtyEight);
        Limbs e3 = f3 + f3, e5 = f5 + f5, e7 = f7 + f7;
        Limbs d = f0 + f0;
        Limbs h0 = Times(f0, f0);
        Limbs h1 = Times(d, f1);
        Limbs h2 = Times(d, f2);
        Limbs h3 = Times(d, f3);
        Limbs h4 = Times(d, f4);
        Limbs h5 = Times(d, f5);
        Limbs h6 = Times(d, f6);
        Limbs h7 = Times(d, f7);
        Limbs h8 = Times(d, f8);
        Limbs h9 = Times(d, f9);
        d = f1 + f1;
        h2 += Times(d, f1);
        h3 += Times(d, f2);
        h4 += Times(d, e3);
        h5 += Times(d, f4);
        h6 += Times(d, e5);
        h7 += Times(d, f6);
        h8 += Times(d, e7);
        h9 += Times(d, f8);
        h0 += Times(d, w9);
        d = f2 + f2;
        h4 += Times(f2, f2);
        h5 += Times(d, f3);
        h6 += Times(d, f4);
        h7 += Times(d, f5);
        h8 += Times(d, f6);
        h9 += Times(d, f7);
        h0 += Times(d, w8);
        h1 += Times(f2, w9);
        d = f3 + f3;
        h6 += Times(d, f3);
        h7 += Times(d, f4);
        h8 += Times(d, e5);
        h9 += Times(d, f6);
        h0 += Times(d, w7);
        h1 += Times(d, w8);
        h2 += Times(d, w9);
        d = f4 + f4;
        h8 += Times(f4, f4);
        h9 += Times(d, f5);
        h0 += Times(d, w6);
        h1 += Times(f4, w7);
        h2 += Times(d, w8);
        h3 += Times(f4, w9);
        d = f5 + f5;
        h0 += Times(f5, w5);
        h1 += Times(d, w6);
        h2 += Times(d, w7);
        h3 += Times(d, w8);
        h4 += Times(d, w9);
        d = f6 + f6;
        h2 += Times(f6, w6);
        h3 += Times(f6, w7);
        h4 += Times(d, w8);
        h5 += Times(f6, w9);
        d = f7 + f7;
        h4 += Times(f7, w7);
        h5 += Times(d, w8);
        h6 += Times(d, w9);
        d = f8 + f8;
        h6 += Times(f8, w8);
        h7 += Times(f8, w9);
        d = f9 + f9;
        h8 += Times(f9, w9);
        CarryAndStore(square, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
    }

    /// <summary>sum = addend + value · factor.</summary>
    /// <param name="factor">Below 2^32.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void MultiplyAdd(Limbs* sum, Limbs* addend, Limbs* value, uint factor)
    {
        var g = Vector256.Create((ulong)factor);
        CarryAndStore(
            sum, addend[0] + Times(value[0], g), addend[1] + Times(value[1], g), addend[2] + Times(value[2], g), addend[3] + Times(value[3], g),
            addend[4] + Times(value[4], g), addend[5] + Times(value[5], g), addend[6] + Times(value[6], g), addend[7] + Times(value[7], g),
            addend[8] + Times(value[8], g), addend[9] + Times(value[9], g));
    }

    /// <summary>The product of the low halves of each lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs Times(Limbs left, Limbs right) => Lanes.MultiplyLow32(left, right);

    /// <summary>Two carries run half an element apart, each through six limbs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CarryAndStore(Limbs* element, Limbs h0, Limbs h1, Limbs h2, Limbs h3, Limbs h4, Limbs h5, Limbs h6, Limbs h7, Limbs h8, Limbs h9)
    {
        Limbs even = Vector256.Create(EvenMask), odd = Vector256.Create(OddMask);
        h1 += h0 >>> 26;
        h6 += h5 >>> 25;
        h0 &= even;
        h5 &= odd;
        h2 += h1 >>> 25;
        h7 += h6 >>> 26;
        h1 &= odd;
        h6 &= even;
        h3 += h2 >>> 26;
        h8 += h7 >>> 25;
        element[2] = h2 & even;
        element[7] = h7 & odd;
        h4 += h3 >>> 25;
        h9 += h8 >>> 26;
        element[3] = h3 & odd;
        element[8] = h8 & even;
        h5 += h4 >>> 26;
        Limbs top = h9 >>> 25;
        element[4] = h4 & even;
        element[9] = h9 & odd;
        h0 += (top << 4) + (top << 1) + top;
        element[6] = h6 + (h5 >>> 25);
        element[5] = h5 & odd;
        element[1] = h1 + (h0 >>> 26);
        element[0] = h0 & even;
    }
}
