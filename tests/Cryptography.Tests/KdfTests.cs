using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

public class KdfTests(ITestOutputHelper output)
{
    /// <summary>RFC 2104 section 2, word by word, over the plain hash.</summary>
    private static byte[] NaiveHmac(byte[] key, byte[] message)
    {
        byte[] block = new byte[64];
        if (key.Length > 64)
            key = NaiveHash(key);
        key.CopyTo(block, 0);
        byte[] inner = NaiveHash([.. block.Select(b => (byte)(b ^ 0x36)), .. message]);
        return NaiveHash([.. block.Select(b => (byte)(b ^ 0x5c)), .. inner]);
    }

    private static byte[] NaiveHash(byte[] message)
    {
        byte[] digest = new byte[32];
        Blake2s.Hash(message, digest);
        return digest;
    }

    [Fact]
    public void Hmac_equals_its_definition()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 200; round++)
        {
            byte[] key = random.Bytes(random.Next(130)), message = random.Bytes(random.Next(200)), mac = new byte[32];
            HmacBlake2s.Compute(key, message, mac);
            Assert.Equal(NaiveHmac(key, message), mac);
            int cut = random.Next(message.Length + 1);
            HmacBlake2s.Compute(key, message.AsSpan(0, cut), message.AsSpan(cut), mac);
            Assert.Equal(NaiveHmac(key, message), mac);
        }
    }

    [Fact]
    public void Outputs_chain_as_the_paper_says()
    {
        byte[] key = Hex.Ramp(32), input = Hex.Ramp(48);
        byte[] secret = NaiveHmac(key, input);
        byte[] one = NaiveHmac(secret, [1]), two = NaiveHmac(secret, [.. one, 2]), three = NaiveHmac(secret, [.. two, 3]);
        byte[] a = new byte[32], b = new byte[32], c = new byte[32];
        Kdf.Derive1(key, input, a);
        Assert.Equal(one, a);
        Kdf.Derive2(key, input, a, b);
        Assert.Equal([one, two], [a, b]);
        Kdf.Derive3(key, input, a, b, c);
        Assert.Equal([one, two, three], [a, b, c]);
    }

    [Fact]
    public void The_chaining_key_may_be_replaced_in_place()
    {
        byte[] chain = Hex.Ramp(32), expected = new byte[32], second = new byte[32], expectedSecond = new byte[32];
        Kdf.Derive2(chain, [7], expected, expectedSecond);
        Kdf.Derive2(chain, [7], chain, second);
        Assert.Equal([expected, expectedSecond], [chain, second]);
    }

    [Fact]
    public void Callers_faults_throw()
    {
        Assert.Throws<ArgumentException>(() => Kdf.Derive1([], [], new byte[31]));
        Assert.Throws<ArgumentException>(() => Kdf.Derive2([], [], new byte[32], []));
        Assert.Throws<ArgumentException>(() => Kdf.Derive3([], [], new byte[32], new byte[32], new byte[33]));
        Assert.Throws<ArgumentException>(() => HmacBlake2s.Compute([], [], new byte[16]));
    }
}
