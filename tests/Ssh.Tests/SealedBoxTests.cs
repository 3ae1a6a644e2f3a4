using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Ssh.Tests;

public class SealedBoxTests
{
    [Fact]
    public void What_is_sealed_is_opened_by_its_recipient() => Prop.ForAll<byte[]>(text =>
    {
        using var recipient = new SealedBox.Recipient();
        return recipient.Open(SealedBox.Seal(text, recipient.PublicKey))!.SequenceEqual(text);
    }).Check(Seeded.Runs(100));

    [Fact]
    [Trait("Promise", "B16")]
    public void Nobody_else_opens_it()
    {
        using SealedBox.Recipient recipient = new(new SeededRandom(1)), other = new(new SeededRandom(2));
        Assert.Null(other.Open(SealedBox.Seal("secret"u8, recipient.PublicKey)));
    }

    [Fact]
    public void The_same_text_is_never_sealed_the_same_way()
    {
        using var recipient = new SealedBox.Recipient();
        Assert.NotEqual(SealedBox.Seal("secret"u8, recipient.PublicKey), SealedBox.Seal("secret"u8, recipient.PublicKey));
    }

    [Fact]
    public void No_bit_can_be_changed_and_damage_is_no_exception()
    {
        using var recipient = new SealedBox.Recipient();
        string text = SealedBox.Seal("secret"u8, recipient.PublicKey);
        byte[] box = Convert.FromBase64String(text);
        for (int bit = 0; bit < box.Length * 8; bit++)
        {
            // The highest bit of an X25519 point is ignored by its definition, but it stands under the seal.
            byte[] changed = [.. box];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(recipient.Open(Convert.ToBase64String(changed)));
        }

        for (int length = 0; length < text.Length; length++)
            Assert.Null(recipient.Open(text[..length]));
        Assert.Null(recipient.Open("not base64"));
        Assert.Null(recipient.Open(new string('A', 100_000)));
        Assert.Null(recipient.Open(Convert.ToBase64String([1, .. new byte[100]])));
        Assert.Equal("secret", Encoding.UTF8.GetString(recipient.Open(text)!));
    }

    [Fact]
    public void A_key_to_which_nothing_can_be_sealed_is_refused()
    {
        Assert.Throws<ArgumentException>(() => SealedBox.Seal("secret"u8, "short"));
        Assert.Throws<ArgumentException>(() => SealedBox.Seal("secret"u8, Convert.ToBase64String(new byte[32])));
        using var recipient = new SealedBox.Recipient();
        Assert.Throws<ArgumentException>(() => SealedBox.Seal(new byte[4097], recipient.PublicKey));
        Assert.Equal(4096, recipient.Open(SealedBox.Seal(new byte[4096], recipient.PublicKey))!.Length);
    }
}
