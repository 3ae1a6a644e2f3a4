using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

/// <summary>Single kernels against the RFC's vectors and Poly1305 against its definition in big integers.</summary>
public unsafe class KernelTests(ITestOutputHelper output)
{
    private static readonly BigInteger s_prime = BigInteger.Pow(2, 130) - 5;

    /// <summary>RFC 8439 section 2.6.2: the nonce begins with four zero bytes, as WireGuard's do.</summary>
    [Fact]
    public void Rfc8439_section_2_6_2_key_block_of_every_ChaCha20_kernel()
    {
        byte[] expected = Hex.Bytes("8ad5a08b905f81cc815040274ab29471a833b637e3fd0da508dbb8e2fdd1a646");
        const ulong counter = 0x0706050403020100;
        uint* key = Key([.. Hex.Ramp(160).Skip(128)]);
        byte* stream = Memory(4096), zeros = Memory(1024), parked = Memory(512), low = Memory(128);
        for (int i = 0; i < 16; i++)
        {
            ((uint*)low)[i] = unchecked((uint)counter);
            ((uint*)low)[16 + i] = (uint)(counter >> 32);
        }
        var kernels = new (string Name, Action Run)[]
        {
            ("scalar", () => ChaCha20Scalar.Block(key, counter, 0, (uint*)stream)),
            ("vector128", () => ChaCha20Vector128.Blocks(key, counter, 0, zeros, stream, zeros, stream, (Vector128<uint>*)parked)),
            ("vector256", () => ChaCha20Vector256.Blocks(key, counter, 0, zeros, stream, zeros, stream, (Vector256<uint>*)parked)),
            ("rows256 two", () => ChaCha20Rows256.TwoBlocks(key, counter, 0, stream)),
            ("rows256 four", () => ChaCha20Rows256.FourBlocks(key, counter, 0, stream)),
            ("vector512", () => ChaCha20Vector512.Blocks(key, counter, 0, stream)),
            ("vector512 all", () => ChaCha20Vector512.AllBlocks(key, counter, 0, stream)),
            ("vector512 packets", () => ChaCha20Vector512.Packets(key, (uint*)low, 0, stream, 64)),
            ("rows512 four", () => ChaCha20Rows512.FourBlocks(key, counter, 0, stream)),
            ("rows512 eight", () => ChaCha20Rows512.EightBlocks(key, counter, 0, stream)),
        };
        foreach (var (name, run) in kernels)
        {
            new Span<byte>(stream, 4096).Clear();
            run();
            Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(stream, 32)), name);
        }
    }

    /// <summary>The nonce counter's upper half and the block counter's carry reach every lane.</summary>
    [Fact]
    public void Kernels_of_many_blocks_equal_single_blocks()
    {
        const ulong counter = 0xfffffffe_fffffffd;
        uint* key = Key(Hex.Ramp(32));
        byte* stream = Memory(4096), block = Memory(64), zeros = Memory(1024), parked = Memory(512);
        foreach (uint first in new uint[] { 0, 1, 24, 1000, uint.MaxValue - 3 })
        {
            Check(4, () => ChaCha20Vector128.Blocks(key, counter, first, zeros, stream, zeros, stream, (Vector128<uint>*)parked));
            Check(8, () => ChaCha20Vector256.Blocks(key, counter, first, zeros, stream, zeros, stream, (Vector256<uint>*)parked));
            Check(2, () => ChaCha20Rows256.TwoBlocks(key, counter, first, stream));
            Check(4, () => ChaCha20Rows256.FourBlocks(key, counter, first, stream));
            Check(16, () => ChaCha20Vector512.Blocks(key, counter, first, stream));
            Check(24, () => ChaCha20Vector512.AllBlocks(key, counter, first, stream));
            Check(4, () => ChaCha20Rows512.FourBlocks(key, counter, first, stream));
            Check(8, () => ChaCha20Rows512.EightBlocks(key, counter, first, stream));

            void Check(int count, Action run)
            {
                run();
                for (int i = 0; i < count; i++)
                {
                    ChaCha20Scalar.Block(key, counter, unchecked(first + (uint)i), (uint*)block);
                    Assert.True(new ReadOnlySpan<byte>(block, 64).SequenceEqual(new ReadOnlySpan<byte>(stream + (64 * i), 64)), $"block {i} of {count} from {first}");
                }
            }
        }
    }

    /// <summary>Section 2.5 in big integers, over keys and texts that drive limbs and carries to their ends.</summary>
    [Fact]
    public void Poly1305_of_every_kernel_equals_its_definition()
    {
        var random = new SeededRandom(output);
        byte* text = Memory(4096), key = Memory(4096), tag = Memory(256), table = Memory(16384);
        byte** texts = stackalloc byte*[8];
        int* lengths = stackalloc int[8];
        for (int round = 0; round < 1500; round++)
        {
            int length = random.Next(round % 2 == 0 ? 600 : 80);
            var message = new Span<byte>(text, length);
            random.Fill(message);
            var oneTimeKey = new Span<byte>(key, 32);
            random.Fill(oneTimeKey);
            if (round % 5 == 1)
                message.Fill(0xff);
            if (round % 5 is 2 or 3)
                oneTimeKey.Fill(0xff);
            if (round % 5 == 3)
                message.Clear();
            if (round % 5 == 4)
            {
                oneTimeKey[..16].Clear();
                oneTimeKey[0] = (byte)random.Next(6);
                message.Fill((byte)(0xff * random.Next(2)));
            }
            byte[] expected = Define(message, oneTimeKey);
            Poly1305Scalar.Compute(text, length, key, tag);
            AssertTag("scalar");
            Poly1305Vector256.Compute(text, length, key, tag, (Vector256<ulong>*)table);
            AssertTag("vector256");
            Poly1305Vector512.Compute(text, length, key, tag, (Vector512<ulong>*)table);
            AssertTag("vector512");
            for (int lane = 0; lane < 8; lane++)
            {
                texts[lane] = text;
                lengths[lane] = (round + lane) % 3 == 0 ? random.Next(length + 1) : length;
            }
            int asked = random.Next(4);
            lengths[asked] = length;
            lengths[7 - asked] = length;
            Poly1305Lanes256.Compute(texts, lengths, key, 0, tag, (Vector256<ulong>*)table);
            Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(tag + (16 * asked), 16)), $"lanes256, {length} bytes");
            Poly1305Lanes512.Compute(texts, lengths, key, 0, tag, (Vector512<ulong>*)table);
            Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(tag + (16 * (7 - asked)), 16)), $"lanes512, {length} bytes");

            void AssertTag(string kernel) =>
                Assert.True(expected.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(tag, 16)), $"{kernel}, {length} bytes, key {Hex.Text(new ReadOnlySpan<byte>(key, 32))}");
        }
    }

    private static byte[] Define(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        byte[] clamped = key[..16].ToArray();
        foreach (int i in new[] { 3, 7, 11, 15 })
            clamped[i] &= 15;
        foreach (int i in new[] { 4, 8, 12 })
            clamped[i] &= 252;
        var r = new BigInteger(clamped, isUnsigned: true);
        BigInteger h = 0;
        byte[] padded = new byte[((text.Length + 15) / 16 * 16) + 16];
        text.CopyTo(padded);
        BitConverter.TryWriteBytes(padded.AsSpan(padded.Length - 8), (ulong)text.Length);
        for (int i = 0; i < padded.Length; i += 16)
            h = (h + new BigInteger(padded.AsSpan(i, 16), isUnsigned: true) + BigInteger.Pow(2, 128)) * r % s_prime;
        h = (h + new BigInteger(key[16..], isUnsigned: true)) % BigInteger.Pow(2, 128);
        byte[] tag = new byte[16];
        h.TryWriteBytes(tag, out _, isUnsigned: true);
        return tag;
    }

    /// <summary>Twelve words: constants and key.</summary>
    private static uint* Key(byte[] key)
    {
        byte* words = Memory(64);
        "expand 32-byte k"u8.CopyTo(new Span<byte>(words, 16));
        key.CopyTo(new Span<byte>(words + 16, 32));
        return (uint*)words;
    }

    /// <summary>Zeroed and aligned; the process ends before it is missed.</summary>
    private static byte* Memory(int length)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)length, 64);
        NativeMemory.Clear(memory, (nuint)length);
        return memory;
    }
}
