using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Keyhole.Cryptography.Tests;

/// <summary>Argon2id version 1.3 word by word from RFC 9106 section 3, slow and with any number of lanes: the oracle of <see cref="Argon2id"/>.</summary>
internal static partial class Argon2Twin
{
    private const int BlockWords = 128;
    private const int SliceCount = 4;
    private const int TypeId = 2;

    internal static byte[] Derive(byte[] password, byte[] salt, byte[] secret, byte[] data, int lanes, int memoryKibibytes, int passes, int length)
    {
        Sodium.EnsureAvailable();
        byte[] h0 = Hash(64, Le(lanes), Le(length), Le(memoryKibibytes), Le(passes), Le(0x13), Le(TypeId), Counted(password), Counted(salt), Counted(secret), Counted(data));
        int columns = memoryKibibytes / (SliceCount * lanes) * SliceCount;
        var memory = new ulong[lanes, columns][];
        for (int lane = 0; lane < lanes; lane++)
        {
            memory[lane, 0] = Words(LongHash(1024, h0, Le(0), Le(lane)));
            memory[lane, 1] = Words(LongHash(1024, h0, Le(1), Le(lane)));
        }
        for (int pass = 0; pass < passes; pass++)
        {
            for (int slice = 0; slice < SliceCount; slice++)
            {
                for (int lane = 0; lane < lanes; lane++)
                    FillSegment(memory, pass, slice, lane, lanes, columns, passes);
            }
        }
        ulong[] last = [.. memory[0, columns - 1]];
        for (int lane = 1; lane < lanes; lane++)
            last = Xor(last, memory[lane, columns - 1]);
        return LongHash(length, MemoryMarshal.AsBytes(last.AsSpan()).ToArray());
    }

    /// <summary>Section 3.4: which block each block of a segment refers to; the first half of the first pass by counter, then by content.</summary>
    private static void FillSegment(ulong[,][] memory, int pass, int slice, int lane, int lanes, int columns, int passes)
    {
        int segment = columns / SliceCount;
        bool independent = pass == 0 && slice < 2;
        ulong[] addresses = [];
        for (int index = pass == 0 && slice == 0 ? 2 : 0; index < segment; index++)
        {
            int column = (slice * segment) + index;
            ulong[] previous = memory[lane, column == 0 ? columns - 1 : column - 1];
            if (independent && (index % BlockWords == 0 || addresses.Length == 0))
            {
                ulong[] input = new ulong[BlockWords];
                (input[0], input[1], input[2], input[3], input[4], input[5]) = ((ulong)pass, (ulong)lane, (ulong)slice, (ulong)(lanes * columns), (ulong)passes, TypeId);
                input[6] = (ulong)(index / BlockWords) + 1;
                addresses = Compress(new ulong[BlockWords], Compress(new ulong[BlockWords], input));
            }
            ulong word = independent ? addresses[index % BlockWords] : previous[0];
            uint j1 = (uint)word, j2 = (uint)(word >> 32);
            int other = pass == 0 && slice == 0 ? lane : (int)(j2 % (uint)lanes);
            int area = pass == 0 ? slice * segment : columns - segment;
            area += other == lane ? index - 1 : index == 0 ? -1 : 0;
            ulong x = ((ulong)j1 * j1) >> 32;
            int relative = (int)((ulong)area - 1 - (((ulong)area * x) >> 32));
            int start = pass == 0 || slice == SliceCount - 1 ? 0 : (slice + 1) * segment;
            ulong[] fresh = Compress(previous, memory[other, (start + relative) % columns]);
            memory[lane, column] = pass == 0 ? fresh : Xor(fresh, memory[lane, column]);
        }
    }

    /// <summary>Section 3.5, the compression function G.</summary>
    private static ulong[] Compress(ulong[] x, ulong[] y)
    {
        ulong[] r = Xor(x, y), z = [.. r];
        for (int row = 0; row < 8; row++)
            Permute(z, i => (row * 16) + i);
        for (int column = 0; column < 8; column++)
            Permute(z, i => ((i / 2) * 16) + (column * 2) + (i % 2));
        return Xor(z, r);
    }

    /// <summary>Section 3.6, the permutation P over sixteen words.</summary>
    private static void Permute(ulong[] v, Func<int, int> at)
    {
        foreach (var (a, b, c, d) in new[] { (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14) })
        {
            ref ulong va = ref v[at(a)], vb = ref v[at(b)], vc = ref v[at(c)], vd = ref v[at(d)];
            Mix(ref va, vb);
            vd = BitOperations.RotateRight(vd ^ va, 32);
            Mix(ref vc, vd);
            vb = BitOperations.RotateRight(vb ^ vc, 24);
            Mix(ref va, vb);
            vd = BitOperations.RotateRight(vd ^ va, 16);
            Mix(ref vc, vd);
            vb = BitOperations.RotateRight(vb ^ vc, 63);
        }
    }

    private static void Mix(ref ulong a, ulong b) => a += b + (2 * (ulong)(uint)a * (uint)b);

    /// <summary>Section 3.3, the variable-length hash H'.</summary>
    private static byte[] LongHash(int length, params byte[][] parts)
    {
        if (length <= 64)
            return Hash(length, [Le(length), .. parts]);
        var output = new List<byte>();
        byte[] v = Hash(64, [Le(length), .. parts]);
        output.AddRange(v[..32]);
        while (length - output.Count > 64)
        {
            v = Hash(64, v);
            output.AddRange(v[..32]);
        }
        output.AddRange(Hash(length - output.Count, v));
        return [.. output];
    }

    private static unsafe byte[] Hash(int length, params byte[][] parts)
    {
        byte[] message = [.. parts.SelectMany(part => part)], digest = new byte[length];
        fixed (byte* m = message, d = digest)
            Assert.Equal(0, crypto_generichash_blake2b(d, (nuint)length, m, (ulong)message.Length, null, 0));
        return digest;
    }

    private static ulong[] Xor(ulong[] x, ulong[] y) => [.. x.Zip(y, (a, b) => a ^ b)];

    private static ulong[] Words(byte[] bytes) => MemoryMarshal.Cast<byte, ulong>(bytes).ToArray();

    private static byte[] Counted(byte[] bytes) => [.. Le(bytes.Length), .. bytes];

    private static byte[] Le(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    [LibraryImport("libsodium.so.23")]
    private static unsafe partial int crypto_generichash_blake2b(byte* output, nuint outputLength, byte* input, ulong inputLength, byte* key, nuint keyLength);
}
