namespace Keyhole.Cryptography.Tests;

public class X25519Tests
{
    /// <summary>RFC 7748 section 5.2, the two single vectors. The second input has its top bit set.</summary>
    [Theory]
    [InlineData("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")]
    [InlineData("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")]
    public void Rfc7748_section_5_2(string scalar, string point, string expected)
    {
        using var key = new PrivateKey(Hex.Bytes(scalar));
        byte[] shared = new byte[32];
        Assert.True(key.TryAgree(new PublicKey(Hex.Bytes(point)), shared));
        Assert.Equal(expected, Hex.Text(shared));
    }

    [Fact]
    public void Rfc7748_section_5_2_iterated_1000_times()
    {
        byte[] k = Hex.Bytes("0900000000000000000000000000000000000000000000000000000000000000"), u = [.. k];
        for (int i = 1; i <= 1000; i++)
        {
            using var key = new PrivateKey(k);
            byte[] next = new byte[32];
            Assert.True(key.TryAgree(new PublicKey(u), next));
            (u, k) = (k, next);
            if (i == 1)
                Assert.Equal("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", Hex.Text(k));
        }
        Assert.Equal("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", Hex.Text(k));
    }

    [Fact]
    public void Rfc7748_section_6_1()
    {
        using var alice = new PrivateKey(Hex.Bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
        using var bob = new PrivateKey(Hex.Bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Hex.Text(alice.PublicKey.Bytes));
        Assert.Equal("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", Hex.Text(bob.PublicKey.Bytes));
        byte[] one = new byte[32], two = new byte[32];
        Assert.True(alice.TryAgree(bob.PublicKey, one));
        Assert.True(bob.TryAgree(alice.PublicKey, two));
        Assert.Equal("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", Hex.Text(one));
        Assert.Equal(one, two);
    }

    /// <summary>RFC 7748 section 7: points of order 1, 2, 4 and 8 on the curve and its twist, canonical and not.</summary>
    [Theory]
    [Trait("Threat", "14")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void Points_of_low_order_are_refused(string point)
    {
        using var key = PrivateKey.Generate(RandomSource.System);
        byte[] shared = Hex.Ramp(32);
        Assert.False(key.TryAgree(new PublicKey(Hex.Bytes(point)), shared));
        Assert.False(shared.AsSpan().ContainsAnyExcept((byte)0));
        byte[] highBit = Hex.Bytes(point);
        highBit[31] |= 128;
        Assert.False(key.TryAgree(new PublicKey(highBit), shared));
    }

    [Fact]
    public void Scalars_are_clamped_once_and_for_all()
    {
        byte[] ones = [.. Enumerable.Repeat((byte)255, 32)], exported = new byte[32];
        using var key = new PrivateKey(ones);
        key.Export(exported);
        Assert.Equal((248, 127), (exported[0], exported[31]));
        using var again = new PrivateKey(exported);
        Assert.Equal(key.PublicKey, again.PublicKey);
    }

    [Fact]
    [Trait("Threat", "16")]
    public void A_disposed_key_does_nothing_more()
    {
        var key = PrivateKey.Generate(RandomSource.System);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.TryAgree(key.PublicKey, new byte[32]));
        Assert.Throws<ObjectDisposedException>(() => key.Export(new byte[32]));
    }

    [Fact]
    public void Text_of_a_public_key_is_that_of_the_wg_tool()
    {
        const string text = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
        Assert.True(PublicKey.TryParse(text, out var key));
        Assert.Equal(text, key.ToString());
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Hex.Text(key.Bytes));
        Assert.True(key == PublicKey.Parse(text) && key.Equals((object)PublicKey.Parse(text)) && key.GetHashCode() == PublicKey.Parse(text).GetHashCode());
        Assert.True(key != default);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo*")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTm==")]
    [InlineData(" hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo")]
    [InlineData("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmoA")]
    public void Other_text_is_not_a_public_key(string text)
    {
        Assert.False(PublicKey.TryParse(text, out _));
        Assert.Throws<FormatException>(() => PublicKey.Parse(text));
    }

    [Fact]
    public void Secrets_have_no_text_form()
    {
        using var key = PrivateKey.Generate(RandomSource.System);
        using var preshared = PresharedKey.Generate(RandomSource.System);
        using var transport = new TransportKey(Hex.Ramp(32));
        using var signing = Ed25519PrivateKey.Generate(RandomSource.System);
        foreach (object secret in new object[] { key, preshared, transport, signing })
            Assert.Equal(secret.GetType().FullName, secret.ToString());
    }
}
