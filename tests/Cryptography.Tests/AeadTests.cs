using System.Text;
using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

public class AeadTests(ITestOutputHelper output)
{
    /// <summary>RFC 8439 appendix A.5: the nonce starts with four zero bytes, as WireGuard's do.</summary>
    [Fact]
    public void Rfc8439_appendix_A_5()
    {
        byte[] key = Hex.Bytes("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
        byte[] sealedText = Hex.Bytes("""
            64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
            332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
            b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
            0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
            a6ad5cb4022b02709b eead9d67890cbb22392336fea1851f38
            """);
        byte[] aad = Hex.Bytes("f33388860000000000004e91");
        byte[] plaintext = new byte[sealedText.Length - 16];
        Assert.True(ChaCha20Poly1305Aead.TryOpen(key, 0x0807060504030201, aad, sealedText, plaintext));
        Assert.StartsWith("Internet-Drafts are draft documents valid for a maximum of six months", Encoding.UTF8.GetString(plaintext), StringComparison.Ordinal);
        byte[] again = new byte[sealedText.Length];
        ChaCha20Poly1305Aead.Seal(key, 0x0807060504030201, aad, plaintext, again);
        Assert.Equal(sealedText, again);
    }

    /// <summary>draft-irtf-cfrg-xchacha-03 appendix A.3.1.</summary>
    [Fact]
    public void Xchacha_draft_appendix_A_3_1()
    {
        byte[] plaintext = Encoding.ASCII.GetBytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.");
        byte[] key = [.. Hex.Ramp(160).Skip(128)], nonce = [.. Hex.Ramp(88).Skip(64)], aad = Hex.Bytes("50515253c0c1c2c3c4c5c6c7");
        byte[] sealedText = new byte[plaintext.Length + 16];
        XChaCha20Poly1305.Seal(key, nonce, aad, plaintext, sealedText);
        Assert.Equal("""
            bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
            2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e c0875924c1c7987947deafd8780acf49
            """.ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal), Hex.Text(sealedText));
        byte[] opened = new byte[plaintext.Length];
        Assert.True(XChaCha20Poly1305.TryOpen(key, nonce, aad, sealedText, opened));
        Assert.Equal(plaintext, opened);
    }

    [Fact]
    [Trait("Threat", "1")]
    public void Every_flipped_bit_is_refused()
    {
        byte[] key = Hex.Ramp(32), nonce = Hex.Ramp(24), aad = Hex.Ramp(20), text = Hex.Ramp(77), opened = new byte[77];
        byte[] one = new byte[93], two = new byte[93];
        ChaCha20Poly1305Aead.Seal(key, 5, aad, text, one);
        XChaCha20Poly1305.Seal(key, nonce, aad, text, two);
        for (int bit = 0; bit < 93 * 8; bit++)
        {
            Flip(one, bit);
            Flip(two, bit);
            Assert.False(ChaCha20Poly1305Aead.TryOpen(key, 5, aad, one, opened));
            Assert.False(opened.AsSpan().ContainsAnyExcept((byte)0));
            Assert.False(XChaCha20Poly1305.TryOpen(key, nonce, aad, two, opened));
            Assert.False(opened.AsSpan().ContainsAnyExcept((byte)0));
            Flip(one, bit);
            Flip(two, bit);
        }
        for (int bit = 0; bit < aad.Length * 8; bit++)
        {
            Flip(aad, bit);
            Assert.False(ChaCha20Poly1305Aead.TryOpen(key, 5, aad, one, opened));
            Assert.False(XChaCha20Poly1305.TryOpen(key, nonce, aad, two, opened));
            Flip(aad, bit);
        }
        Assert.False(ChaCha20Poly1305Aead.TryOpen(key, 6, aad, one, opened));
        Assert.True(ChaCha20Poly1305Aead.TryOpen(key, 5, aad, one, opened));
        Assert.True(XChaCha20Poly1305.TryOpen(key, nonce, aad, two, opened));
    }

    [Fact]
    public void Handshake_texts_equal_those_of_dotnet()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 200; round++)
        {
            byte[] key = random.Bytes(32), aad = random.Bytes(random.Next(80)), text = random.Bytes(random.Next(100));
            ulong counter = random.Counter();
            byte[] nonce = [0, 0, 0, 0, .. BitConverter.GetBytes(counter)];
            byte[] expected = new byte[text.Length], tag = new byte[16], sealedText = new byte[text.Length + 16];
            using var reference = new System.Security.Cryptography.ChaCha20Poly1305(key);
            reference.Encrypt(nonce, text, expected, tag, aad);
            ChaCha20Poly1305Aead.Seal(key, counter, aad, text, sealedText);
            Assert.Equal([.. expected, .. tag], sealedText);
            Assert.True(ChaCha20Poly1305Aead.TryOpen(key, counter, aad, sealedText, sealedText.AsSpan(0, text.Length)));
            Assert.Equal(text, sealedText[..text.Length]);
        }
    }

    [Fact]
    public void Callers_faults_throw()
    {
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305Aead.Seal(new byte[31], 0, [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305Aead.Seal(new byte[32], 0, [], [], new byte[15]));
        Assert.Throws<ArgumentException>(() => ChaCha20Poly1305Aead.TryOpen(new byte[32], 0, [], new byte[15], []));
        Assert.Throws<ArgumentException>(() => XChaCha20Poly1305.Seal(new byte[32], new byte[12], [], [], new byte[16]));
        Assert.Throws<ArgumentException>(() => XChaCha20Poly1305.TryOpen(new byte[32], new byte[24], [], new byte[16], new byte[1]));
    }

    private static void Flip(byte[] bytes, int bit) => bytes[bit / 8] ^= (byte)(1 << (bit % 8));
}
