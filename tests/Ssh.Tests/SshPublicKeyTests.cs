using Keyhole.Cryptography;

namespace Keyhole.Ssh.Tests;

public sealed class SshPublicKeyTests : IDisposable
{
    private readonly SshTool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Theory]
    [MemberData(nameof(SshTool.KeyTypes), MemberType = typeof(SshTool))]
    public void Keys_of_every_type_are_read_and_have_the_fingerprint_that_OpenSSH_shows(string type, string[] asked)
    {
        string line = _tool.MakeKey("key", asked);
        var key = SshPublicKey.Parse(line)!;
        Assert.Equal(type, key.Type);
        Assert.Equal(line, $"{key} a comment");
        Assert.Contains($" {key.Fingerprint} ", _tool.Run("ssh-keygen", "-lf", _tool.PathOf("key.pub")), StringComparison.Ordinal);
        Assert.Equal(key, SshPublicKey.FromBlob(key.Blob.Span));
    }

    [Fact]
    public void A_key_that_was_made_here_is_one_for_OpenSSH()
    {
        using var made = Ed25519PrivateKey.Generate(RandomSource.System);
        var key = SshPublicKey.FromEd25519(made.PublicKey);
        Assert.Equal(key, SshPublicKey.Parse(key.ToString()));
        Assert.Contains($"256 {key.Fingerprint} ", _tool.Run("ssh-keygen", "-lf", _tool.Write("made.pub", key + "\n")), StringComparison.Ordinal);
    }

    /// <summary>Its bytes would become the next fields of a certificate.</summary>
    [Theory]
    [Trait("Threat", "34")]
    [MemberData(nameof(SshTool.KeyTypes), MemberType = typeof(SshTool))]
    public void A_key_with_more_or_less_than_its_fields_is_none(string type, string[] asked)
    {
        var key = SshPublicKey.Parse(_tool.MakeKey("key", asked))!;
        byte[] blob = key.Blob.ToArray();
        Assert.Null(SshPublicKey.FromBlob([.. blob, 0]));
        Assert.Null(SshPublicKey.FromBlob([.. blob, 0, 0, 0, 0]));
        Assert.Null(SshPublicKey.Parse($"{type} {Convert.ToBase64String([.. blob, 0, 0, 0, 0, 0, 0, 0, 1])}"));
        for (int length = 0; length < blob.Length; length++)
            Assert.Null(SshPublicKey.FromBlob(blob.AsSpan(0, length)));
    }

    [Fact]
    public void A_line_that_is_no_public_key_is_none()
    {
        var line = SshPublicKey.FromEd25519(new byte[32]).ToString();
        string base64 = line.Split(' ')[1];
        Assert.NotNull(SshPublicKey.Parse("  " + line + "\tsomebody@somewhere else \n"));
        string?[] refused =
        [
            null, "", " ", "ssh-ed25519", "ssh-ed25519 ", "ssh-rsa " + base64, "ssh-ed25519 " + base64[..^4], "ssh-ed25519 !" + base64, "ssh-dss " + base64,
            line + "\n" + line, "restrict " + line, line[..20] + "\n" + line[20..], "ssh-ed25519\0 " + base64, new string('A', 20_000), "ssh-ed25519 " + new string('A', 15_000),
        ];
        Assert.All(refused, text => Assert.Null(SshPublicKey.Parse(text)));
    }

    [Fact]
    public void An_elliptic_key_of_another_curve_or_with_a_compressed_point_is_none()
    {
        Assert.NotNull(SshPublicKey.FromBlob(Elliptic("nistp256", 4, 65)));
        Assert.Null(SshPublicKey.FromBlob(Elliptic("nistp384", 4, 65)));
        Assert.Null(SshPublicKey.FromBlob(Elliptic("nistp256", 2, 65)));
        Assert.Null(SshPublicKey.FromBlob(Elliptic("nistp256", 4, 64)));

        static ReadOnlySpan<byte> Elliptic(string curve, byte form, int length)
        {
            var writer = new SshWriter();
            writer.WriteString("ecdsa-sha2-nistp256");
            writer.WriteString(curve);
            byte[] point = new byte[length];
            point[0] = form;
            writer.WriteString(point);
            return writer.Written;
        }
    }

    [Fact]
    public void An_RSA_key_that_is_short_or_has_a_negative_or_padded_number_is_none()
    {
        byte[] modulus = [0, 0x80, .. new byte[254], 1], exponent = [1, 0, 1];
        Assert.NotNull(SshPublicKey.FromBlob(Rsa(exponent, modulus)));
        Assert.Null(SshPublicKey.FromBlob(Rsa([0, 1, 0, 1], modulus)));
        Assert.Null(SshPublicKey.FromBlob(Rsa([2], modulus)));
        Assert.Null(SshPublicKey.FromBlob(Rsa([], modulus)));
        Assert.Null(SshPublicKey.FromBlob(Rsa(exponent, modulus[1..])));
        Assert.Null(SshPublicKey.FromBlob(Rsa(exponent, [0, .. modulus])));
        Assert.Null(SshPublicKey.FromBlob(Rsa(exponent, [0, 0x80, .. new byte[62], 1])));
        Assert.Null(SshPublicKey.FromBlob(Rsa(exponent, [0, 0x80, .. new byte[2100], 1])));

        static ReadOnlySpan<byte> Rsa(byte[] exponent, byte[] modulus)
        {
            var writer = new SshWriter();
            writer.WriteString("ssh-rsa");
            writer.WriteString(exponent);
            writer.WriteString(modulus);
            return writer.Written;
        }
    }
}
