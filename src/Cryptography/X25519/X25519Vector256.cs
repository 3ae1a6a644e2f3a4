using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Limbs = System.Runtime.Intrinsics.Vector256<ulong>;

namespace Keyhole.Cryptography;

/// <summary>
/// X25519 (RFC 7748 section 5), four multiplications at once, one per lane, for the price of two of libsodium's (EPYC, Zen 4). Meant for processors with AVX2.
/// No branch and no address depends on a scalar or a point.
/// </summary>
internal static unsafe class X25519Vector256
{
    internal const int LaneCount = 4;

    private const int Length = 32;
    private const int ElementLength = Field25519Vector256.LimbCount;
    private const int ElementCount = 11;
    private const int TopBit = 254;

    /// <summary>(486662 − 2) / 4.</summary>
    private const uint CurveConstant = 121665;

    /// <summary>Where the transport cipher may use 256 bits, so may this; elsewhere libsodium does all.</summary>
    internal static bool IsSelected { get; } = Avx2.IsSupported && TransportCipher.Selected.Path >= CipherPath.Vector256;

    /// <summary>Multiplies the point of each lane by the scalar of that lane.</summary>
    /// <param name="scalars">32 bytes per lane, clamped.</param>
    /// <param name="points">32 bytes per lane; the top bit is ignored.</param>
    /// <param name="products">32 bytes per lane, fully reduced; zero for a point of low order.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(byte* scalars, byte* points, byte* products)
    {
        Limbs* memory = (Limbs*)CipherScratch.Start;
        Limbs* x1 = memory, x2 = x1 + ElementLength, z2 = x2 + ElementLength, x3 = z2 + ElementLength, z3 = x3 + ElementLength, rest = z3 + ElementLength;
        ReadPoints(points, x1);
        for (int i = 0; i < ElementLength; i++)
        {
            x2[i] = z3[i] = i == 0 ? Limbs.One : Limbs.Zero;
            z2[i] = Limbs.Zero;
            x3[i] = x1[i];
        }
        Field25519Vector256.WriteBias(rest);
        Limbs swap = Limbs.Zero;
        for (int bit = TopBit; bit >= 0; bit--)
        {
            Limbs current = Bits(scalars, bit);
            Step(Limbs.Zero - (swap ^ current), x1, x2, z2, x3, z3, rest);
            swap = current;
        }
        // A clamped scalar ends with a zero bit: nothing is left to swap.
        Invert(z2, rest);
        Field25519Vector256.Multiply(x2, x2, z2);
        WriteProducts(x2, (ulong*)rest, products);
        Zero.Fill(new Span<byte>(memory, ElementCount * ElementLength * sizeof(Limbs)));
    }

    /// <summary>Has the methods compiled.</summary>
    internal static void Prepare()
    {
        byte* memory = stackalloc byte[3 * LaneCount * Length];
        new Span<byte>(memory, 3 * LaneCount * Length).Clear();
        Multiply(memory, memory + (LaneCount * Length), memory + (2 * LaneCount * Length));
    }

    /// <summary>One bit of every lane's scalar.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Limbs Bits(byte* scalars, int bit)
    {
        byte* word = scalars + (bit / 64 * sizeof(ulong));
        var words = Vector256.Create(
            Poly1305Scalar.Read(word), Poly1305Scalar.Read(word + Length), Poly1305Scalar.Read(word + (2 * Length)), Poly1305Scalar.Read(word + (3 * Length)));
        return (words >>> (bit % 64)) & Limbs.One;
    }

    /// <summary>One step of the ladder, in the names of section 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step(Limbs swap, Limbs* x1, Limbs* x2, Limbs* z2, Limbs* x3, Limbs* z3, Limbs* rest)
    {
        Limbs* bias = rest, a = bias + ElementLength, b = a + ElementLength, c = b + ElementLength, d = c + ElementLength, e = d + ElementLength;
        for (int i = 0; i < ElementLength; i++)
        {
            Limbs xChange = swap & (x2[i] ^ x3[i]), zChange = swap & (z2[i] ^ z3[i]);
            Limbs x = x2[i] ^ xChange, z = z2[i] ^ zChange, otherX = x3[i] ^ xChange, otherZ = z3[i] ^ zChange;
            a[i] = x + z;
            b[i] = x + bias[i] - z;
            c[i] = otherX + otherZ;
            d[i] = otherX + bias[i] - otherZ;
        }
        Field25519Vector256.Multiply(d, d, a);
        Field25519Vector256.Multiply(c, c, b);
        Field25519Vector256.Square(a, a);
        Field25519Vector256.Square(b, b);
        for (int i = 0; i < ElementLength; i++)
        {
            Limbs da = d[i], cb = c[i];
            x3[i] = da + cb;
            z3[i] = da + bias[i] - cb;
            e[i] = a[i] + bias[i] - b[i];
        }
        Field25519Vector256.MultiplyAdd(c, a, e, CurveConstant);
        Field25519Vector256.Square(x3, x3);
        Field25519Vector256.Square(z3, z3);
        Field25519Vector256.Multiply(z3, z3, x1);
        Field25519Vector256.Multiply(x2, a, b);
        Field25519Vector256.Multiply(z2, e, c);
    }

    /// <summary>value = value^(2^255 − 21), its inverse, or zero of zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Invert(Limbs* value, Limbs* rest)
    {
        Limbs* a = rest, b = a + ElementLength, c = b + ElementLength, d = c + ElementLength;
        SquareTimes(a, value, 1);                          // 2
        SquareTimes(b, a, 2);                              // 8
        Field25519Vector256.Multiply(b, b, value);         // 9
        Field25519Vector256.Multiply(a, a, b);             // 11
        SquareTimes(c, a, 1);                              // 22
        Field25519Vector256.Multiply(b, b, c);             // 2^5 − 1
        SquareTimes(c, b, 5);
        Field25519Vector256.Multiply(b, c, b);             // 2^10 − 1
        SquareTimes(c, b, 10);
        Field25519Vector256.Multiply(c, c, b);             // 2^20 − 1
        SquareTimes(d, c, 20);
        Field25519Vector256.Multiply(c, d, c);             // 2^40 − 1
        SquareTimes(c, c, 10);
        Field25519Vector256.Multiply(b, c, b);             // 2^50 − 1
        SquareTimes(c, b, 50);
        Field25519Vector256.Multiply(c, c, b);             // 2^100 − 1
        SquareTimes(d, c, 100);
        Field25519Vector256.Multiply(c, d, c);             // 2^200 − 1
        SquareTimes(c, c, 50);
        Field25519Vector256.Multiply(b, c, b);             // 2^250 − 1
        SquareTimes(b, b, 5);
        Field25519Vector256.Multiply(value, b, a);         // 2^255 − 21
    }

    /// <summary>result = value^(2^count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SquareTimes(Limbs* result, Limbs* value, int count)
    {
        Field25519Vector256.Square(result, value);
        for (int i = 1; i < count; i++)
            Field25519Vector256.Square(result, result);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadPoints(byte* points, Limbs* element)
    {
        for (int lane = 0; lane < LaneCount; lane++, points += Length)
        {
            for (int i = 0, bit = 0; i < ElementLength; i++)
            {
                // 255 bits in limbs of 26 and 25: each lies within the eight bytes from its first byte on, the last within the last eight.
                int start = Math.Min(bit / 8, Length - sizeof(ulong));
                ((ulong*)(element + i))[lane] = (Poly1305Scalar.Read(points + start) >> (bit - (8 * start))) & ((1UL << Width(i)) - 1);
                bit += Width(i);
            }
        }
    }

    /// <summary>Writes each lane reduced below 2^255 − 19.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteProducts(Limbs* element, ulong* limbs, byte* products)
    {
        for (int lane = 0; lane < LaneCount; lane++, products += Length)
        {
            for (int i = 0; i < ElementLength; i++)
                limbs[i] = ((ulong*)(element + i))[lane];
            // After two rounds of carries the value is below 2^255; a third adds 19 when it is not below the prime.
            limbs[0] += 19 * Carry(limbs);
            limbs[0] += 19 * Carry(limbs);
            ulong excess = limbs[0] + 19;
            for (int i = 0; i < ElementLength - 1; i++)
                excess = (excess >> Width(i)) + limbs[i + 1];
            limbs[0] += 19 * (excess >> Width(ElementLength - 1));
            _ = Carry(limbs);
            ulong* words = (ulong*)products;
            words[0] = limbs[0] | (limbs[1] << 26) | (limbs[2] << 51);
            words[1] = (limbs[2] >> 13) | (limbs[3] << 13) | (limbs[4] << 38);
            words[2] = limbs[5] | (limbs[6] << 25) | (limbs[7] << 51);
            words[3] = (limbs[7] >> 13) | (limbs[8] << 12) | (limbs[9] << 38);
        }
    }

    /// <summary>Brings limbs to their widths.</summary>
    /// <returns>What is left over at 2^255.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Carry(ulong* limbs)
    {
        ulong carry = 0;
        for (int i = 0; i < ElementLength; i++)
        {
            ulong limb = limbs[i] + carry;
            limbs[i] = limb & ((1UL << Width(i)) - 1);
            carry = limb >> Width(i);
        }
        return carry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Width(int limb) => (limb & 1) == 0 ? 26 : 25;
}
