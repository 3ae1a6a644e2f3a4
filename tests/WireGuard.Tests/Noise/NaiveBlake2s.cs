using System.Buffers.Binary;

namespace Keyhole.WireGuard.Tests;

/// <summary>BLAKE2s written down from RFC 7693 section 3, for messages in one piece.</summary>
internal static class NaiveBlake2s
{
    private static readonly uint[] Iv = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    private static readonly byte[][] Sigma =
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ];

    public static byte[] Hash(byte[] message, int length = 32) => Compute([], message, length);

    public static byte[] Mac(byte[] key, byte[] message) => Compute(key, message, 16);

    /// <summary>RFC 2104 over the plain hash.</summary>
    public static byte[] Hmac(byte[] key, byte[] message)
    {
        byte[] block = new byte[64];
        key.CopyTo(block, 0);
        byte[] inner = Hash([.. block.Select(b => (byte)(b ^ 0x36)), .. message]);
        return Hash([.. block.Select(b => (byte)(b ^ 0x5C)), .. inner]);
    }

    private static byte[] Compute(byte[] key, byte[] message, int length)
    {
        uint[] h = [.. Iv];
        h[0] ^= 0x01010000u ^ ((uint)key.Length << 8) ^ (uint)length;
        byte[] input = key.Length == 0 ? message : [.. key, .. new byte[64 - key.Length], .. message];
        int blocks = Math.Max(1, (input.Length + 63) / 64);
        byte[] padded = new byte[blocks * 64];
        input.CopyTo(padded, 0);
        for (int block = 0; block < blocks; block++)
        {
            bool last = block == blocks - 1;
            Compress(h, padded.AsSpan(block * 64, 64), last ? (ulong)input.Length : (ulong)(block + 1) * 64, last);
        }

        byte[] digest = new byte[32];
        for (int i = 0; i < 8; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(digest.AsSpan(i * 4), h[i]);
        return digest[..length];
    }

    private static void Compress(uint[] h, ReadOnlySpan<byte> block, ulong count, bool last)
    {
        uint[] v = [.. h, .. Iv];
        v[12] ^= (uint)count;
        v[13] ^= (uint)(count >> 32);
        if (last)
            v[14] = ~v[14];
        uint[] m = new uint[16];
        for (int i = 0; i < 16; i++)
            m[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(i * 4)..]);
        for (int round = 0; round < 10; round++)
        {
            byte[] s = Sigma[round];
            Mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
            Mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
            Mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
            Mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
            Mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
            Mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
            Mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
            Mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
        }

        for (int i = 0; i < 8; i++)
            h[i] ^= v[i] ^ v[i + 8];
    }

    private static void Mix(uint[] v, int a, int b, int c, int d, uint x, uint y)
    {
        v[a] = v[a] + v[b] + x;
        v[d] = uint.RotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = uint.RotateRight(v[b] ^ v[c], 12);
        v[a] = v[a] + v[b] + y;
        v[d] = uint.RotateRight(v[d] ^ v[a], 8);
        v[c] += v[d];
        v[b] = uint.RotateRight(v[b] ^ v[c], 7);
    }
}
