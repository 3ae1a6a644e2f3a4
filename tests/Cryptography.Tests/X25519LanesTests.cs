using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

/// <summary>The four-lane X25519 against the RFC's vectors, libsodium, and its field against big integers. Processors without AVX2 do not use it.</summary>
public unsafe class X25519LanesTests(ITestOutputHelper output)
{
    private const int Length = 32;
    private const int LaneCount = X25519Vector256.LaneCount;
    private const int LimbCount = Field25519Vector256.LimbCount;

    private static readonly BigInteger s_prime = BigInteger.Pow(2, 255) - 19;

    /// <summary>RFC 7748 sections 5.2 and 6.1, each vector in each lane.</summary>
    [Fact]
    public void Rfc7748_vectors_in_every_lane()
    {
        (string Scalar, string Point, string Product)[] vectors =
        [
            ("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
            ("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
            ("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", "0900000000000000000000000000000000000000000000000000000000000000", "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
            ("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"),
        ];
        for (int shift = 0; shift < LaneCount; shift++)
        {
            var lanes = Enumerable.Range(0, LaneCount).Select(lane => vectors[(lane + shift) % LaneCount]).ToArray();
            byte[] products = Multiply([.. lanes.SelectMany(v => Hex.Bytes(v.Scalar))], [.. lanes.SelectMany(v => Hex.Bytes(v.Point))]);
            for (int lane = 0; lane < LaneCount; lane++)
                Assert.Equal(lanes[lane].Product, Hex.Text(products.AsSpan(lane * Length, Length)));
        }
    }

    [Fact]
    public void Every_lane_equals_libsodium()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 2000; round++)
        {
            byte[] scalars = random.Bytes(LaneCount * Length), points = random.Bytes(LaneCount * Length);
            MakeSpecial(points.AsSpan(random.Next(LaneCount) * Length, Length), random, round);
            if (round % 16 == 0)
                scalars.AsSpan(0, Length).Fill((byte)(round % 32 == 0 ? 0xff : 0));
            byte[] products = Multiply(scalars, points), expected = new byte[Length];
            for (int lane = 0; lane < LaneCount; lane++)
            {
                using var key = new PrivateKey(scalars.AsSpan(lane * Length, Length));
                key.TryAgree(new PublicKey(points.AsSpan(lane * Length, Length)), expected);
                Assert.True(products.AsSpan(lane * Length, Length).SequenceEqual(expected), $"lane {lane}, point {Hex.Text(points.AsSpan(lane * Length, Length))}");
            }
        }
    }

    /// <summary>Points next to zero, to the prime, to 2^255 and to 2^256, where reductions go wrong.</summary>
    private static void MakeSpecial(Span<byte> point, SeededRandom random, int round)
    {
        if (round % 4 == 0)
            return;
        point.Fill((byte)(round % 4 == 1 ? 0 : 0xff));
        point[0] = (byte)random.Next(256);
        if (round % 4 == 2)
            point[31] = 0x7f;
    }

    [Fact]
    public void Agreeing_with_both_gives_what_agreeing_one_by_one_gives()
    {
        var random = new SeededRandom(output);
        byte[] both = new byte[2 * Length], single = new byte[Length];
        for (int round = 0; round < 100; round++)
        {
            byte[] scalar = random.Bytes(Length);
            using var key = new PrivateKey(scalar);
            using var same = new PrivateKey(scalar);
            PublicKey one = new(random.Bytes(Length)), other = new(random.Bytes(Length));
            if (round % 2 == 0)
                Assert.Equal(same.PublicKey, key.PublicKey);
            Assert.True(key.TryAgreeWithBoth(one, other, both));
            Assert.Equal(same.PublicKey, key.PublicKey);
            Assert.True(same.TryAgree(one, single));
            Assert.Equal(single, both[..Length]);
            Assert.True(same.TryAgree(other, single));
            Assert.Equal(single, both[Length..]);
        }
    }

    [Theory]
    [Trait("Threat", "14")]
    [InlineData(0)]
    [InlineData(1)]
    public void Agreeing_with_both_refuses_a_point_of_low_order_in_either_place(int place)
    {
        foreach (string point in new[]
        {
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        })
        {
            using var key = new PrivateKey(Hex.Ramp(Length));
            using var good = new PrivateKey(Hex.Ramp(Length));
            var bad = new PublicKey(Hex.Bytes(point));
            byte[] shared = [.. Hex.Ramp(2 * Length)];
            Assert.False(place == 0 ? key.TryAgreeWithBoth(bad, good.PublicKey, shared) : key.TryAgreeWithBoth(good.PublicKey, bad, shared));
            Assert.False(shared.AsSpan().ContainsAnyExcept((byte)0));
            Assert.Equal(good.PublicKey, key.PublicKey);
        }
    }

    [Fact]
    [Trait("Threat", "16")]
    public void Nothing_of_the_scalar_stays_in_the_scratch()
    {
        CipherScratch.Clear();
        Multiply(Hex.Ramp(LaneCount * Length), Hex.Ramp(LaneCount * Length));
        Assert.False(new ReadOnlySpan<byte>(CipherScratch.Start, CipherScratch.Length).ContainsAnyExcept((byte)0));
        var key = new PrivateKey(Hex.Ramp(Length));
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.TryAgreeWithBoth(default, default, new byte[2 * Length]));
        Assert.Throws<ObjectDisposedException>(() => key.PublicKey);
    }

    /// <summary>The largest limbs that the ladder can bring, and random ones below.</summary>
    [Fact]
    public void Products_of_the_largest_limbs_do_not_overflow()
    {
        var random = new SeededRandom(output);
        var memory = (Vector256<ulong>*)NativeMemory.AlignedAlloc(4096, 64);
        Vector256<ulong>* left = memory, right = left + LimbCount, product = right + LimbCount;
        for (int round = 0; round < 200; round++)
        {
            for (int i = 0; i < LimbCount; i++)
            {
                int most = 3 * ((1 << ((i & 1) == 0 ? 26 : 25)) + (1 << 15));
                for (int lane = 0; lane < LaneCount; lane++)
                {
                    ((ulong*)(left + i))[lane] = (ulong)(round == 0 ? most : random.Next(most + 1));
                    ((ulong*)(right + i))[lane] = (ulong)(round == 0 ? most : random.Next(most + 1));
                }
            }
            Field25519Vector256.Multiply(product, left, right);
            Check((a, b) => a * b);
            Field25519Vector256.Square(product, left);
            Check((a, _) => a * a);
            Field25519Vector256.MultiplyAdd(product, left, right, 121665);
            Check((a, b) => a + (121665 * b));
        }
        NativeMemory.AlignedFree(memory);

        void Check(Func<BigInteger, BigInteger, BigInteger> expected)
        {
            for (int lane = 0; lane < LaneCount; lane++)
            {
                Assert.Equal(expected(Value(left, lane), Value(right, lane)) % s_prime, Value(product, lane) % s_prime);
                for (int i = 0; i < LimbCount; i++)
                    Assert.True(((ulong*)(product + i))[lane] < (1UL << ((i & 1) == 0 ? 26 : 25)) + (1 << 16), $"limb {i}");
            }
        }
    }

    private static BigInteger Value(Vector256<ulong>* element, int lane)
    {
        BigInteger value = 0;
        for (int i = 0; i < LimbCount; i++)
            value += (BigInteger)((ulong*)(element + i))[lane] << ((51 * i) + 1) / 2;
        return value;
    }

    private static byte[] Multiply(byte[] scalars, byte[] points)
    {
        byte[] clamped = [.. scalars], products = new byte[LaneCount * Length];
        for (int lane = 0; lane < LaneCount; lane++)
        {
            clamped[lane * Length] &= 248;
            clamped[(lane * Length) + 31] = (byte)((clamped[(lane * Length) + 31] & 127) | 64);
        }
        fixed (byte* s = clamped)
        fixed (byte* p = points)
        fixed (byte* q = products)
            X25519Vector256.Multiply(s, p, q);
        return products;
    }
}
