using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

public class Blake2sTests(ITestOutputHelper output)
{
    [Fact]
    public void Rfc7693_appendix_B_abc()
    {
        byte[] digest = new byte[32];
        Blake2s.Hash("abc"u8, digest);
        Assert.Equal("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982", Hex.Text(digest));
    }

    /// <summary>Digest lengths 16, 20, 28, 32 and message lengths 0 to 1024, plain and keyed, hashed into one.</summary>
    [Fact]
    public void Rfc7693_appendix_E_self_test()
    {
        var all = Blake2sState.Create();
        foreach (int digestLength in new[] { 16, 20, 28, 32 })
        {
            foreach (int messageLength in new[] { 0, 3, 64, 65, 255, 1024 })
            {
                byte[] message = SelfTestSequence(messageLength, (uint)messageLength);
                byte[] digest = new byte[digestLength];
                Blake2s.Hash(message, digest);
                all.Update(digest);
                Blake2s.Mac(SelfTestSequence(digestLength, (uint)digestLength), message, digest);
                all.Update(digest);
            }
        }
        byte[] result = new byte[32];
        all.Finish(result);
        Assert.Equal("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe", Hex.Text(result));
    }

    /// <summary>The reference table of keyed BLAKE2s (blake2s-kat): key 00..1f, messages 00.. of the named length.</summary>
    [Theory]
    [InlineData(0, "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49")]
    [InlineData(1, "40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1")]
    [InlineData(2, "6bb71300644cd3991b26ccd4d274acd1adeab8b1d7914546c1198bbe9fc9d803")]
    [InlineData(255, "3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd")]
    public void Keyed_reference_table(int length, string expected)
    {
        byte[] mac = new byte[32];
        Blake2s.Mac(Hex.Ramp(32), Hex.Ramp(length), mac);
        Assert.Equal(expected, Hex.Text(mac));
    }

    [Fact]
    public void Any_cut_into_pieces_gives_the_same_digest()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 400; round++)
        {
            byte[] message = random.Bytes(random.Next(400));
            byte[] key = random.Bytes(random.Next(33));
            int length = 1 + random.Next(32);
            byte[] whole = new byte[length], pieces = new byte[length];
            var one = Blake2sState.Create(length, key);
            one.Update(message);
            one.Finish(whole);
            var many = Blake2sState.Create(length, key);
            for (int at = 0; at < message.Length;)
            {
                int taken = Math.Min(random.Next(150), message.Length - at);
                many.Update(message.AsSpan(at, taken));
                at += taken;
            }
            many.Finish(pieces);
            Assert.Equal(whole, pieces);
        }
    }

    [Fact]
    public void A_copy_of_the_state_goes_on_by_itself()
    {
        var state = Blake2sState.Create();
        state.Update("ab"u8);
        var copy = state;
        byte[] digest = new byte[32], expected = new byte[32];
        state.Update("x"u8);
        state.Finish(digest);
        copy.Update("c"u8);
        copy.Finish(digest);
        Blake2s.Hash("abc"u8, expected);
        Assert.Equal(expected, digest);
    }

    [Fact]
    public void Hash_of_two_parts_may_overwrite_one()
    {
        byte[] chain = new byte[32], expected = new byte[32];
        Blake2s.Hash(Hex.Ramp(72), expected);
        Hex.Ramp(32).CopyTo(chain, 0);
        Blake2s.Hash(chain, Hex.Ramp(72).AsSpan(32), chain);
        Assert.Equal(expected, chain);
    }

    [Fact]
    [Trait("Threat", "16")]
    public void Finish_leaves_nothing_of_the_key()
    {
        var state = Blake2sState.Create(32, Hex.Ramp(32));
        state.Finish(new byte[32]);
        Assert.False(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<Blake2sState>(ref state)).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Verify_refuses_every_flipped_bit()
    {
        byte[] mac = new byte[16], message = Hex.Ramp(116);
        Blake2s.Mac(Hex.Ramp(32), message, mac);
        Assert.True(Blake2s.Verify(Hex.Ramp(32), message, mac));
        for (int bit = 0; bit < 128; bit++)
        {
            mac[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Blake2s.Verify(Hex.Ramp(32), message, mac));
            mac[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Callers_faults_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2sState.Create(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2sState.Create(33));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake2sState.Create(32, new byte[33]));
        Assert.Throws<ArgumentException>(() => Blake2s.Mac([], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => Blake2sState.Create(32).Finish(new byte[16]));
    }

    /// <summary>RFC 7693 appendix E, selftest_seq: a Fibonacci generator.</summary>
    private static byte[] SelfTestSequence(int length, uint seed)
    {
        uint a = 0xDEAD4BAD * seed, b = 1;
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            uint t = a + b;
            a = b;
            b = t;
            bytes[i] = (byte)(t >> 24);
        }
        return bytes;
    }
}
