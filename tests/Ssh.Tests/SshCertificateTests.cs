using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Keyhole.Cryptography;

namespace Keyhole.Ssh.Tests;

public sealed class SshCertificateTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] UserExtensions = ["permit-user-rc", "permit-pty", "permit-port-forwarding", "permit-agent-forwarding"];

    private readonly SshTool _tool = new();
    private readonly Ed25519PrivateKey _authority = Ed25519PrivateKey.Generate(new SeededRandom(7));

    private SshPublicKey Authority => SshPublicKey.FromEd25519(_authority.PublicKey);

    public void Dispose()
    {
        _tool.Dispose();
        _authority.Dispose();
    }

    [Theory]
    [MemberData(nameof(SshTool.KeyTypes), MemberType = typeof(SshTool))]
    public void OpenSSH_reads_a_users_certificate_for_a_key_of_every_type(string type, string[] asked)
    {
        var key = SshPublicKey.Parse(_tool.MakeKey("key", asked))!;
        string shown = Show(Sign(Request(key) with { Serial = ulong.MaxValue }));
        Assert.Contains($"Type: {type}-cert-v01@openssh.com user certificate", shown, StringComparison.Ordinal);
        Assert.Contains(key.Fingerprint, shown, StringComparison.Ordinal);
        Assert.Contains($"Signing CA: ED25519 {Authority.Fingerprint} (using ssh-ed25519)", shown, StringComparison.Ordinal);
        Assert.Contains("Key ID: \"user=ada@example.com device=laptop resource=vm-01 org=acme\"", shown, StringComparison.Ordinal);
        Assert.Contains("Serial: 18446744073709551615", shown, StringComparison.Ordinal);
        Assert.Contains("Valid: from 2030-05-01T11:59:00 to 2030-05-01T12:05:00", shown, StringComparison.Ordinal);
        Assert.Equal(["keyhole:0123:7:89ab:ada"], Section(shown, "Principals"));
        Assert.Equal(["(none)"], [shown.Split("Critical Options: ")[1].Split('\n')[0].Trim()]);
        Assert.Equal(UserExtensions.Order(StringComparer.Ordinal), Section(shown, "Extensions"));
    }

    [Theory]
    [MemberData(nameof(SshTool.KeyTypes), MemberType = typeof(SshTool))]
    public void OpenSSH_reads_a_hosts_certificate_for_a_key_of_every_type(string type, string[] asked)
    {
        var key = SshPublicKey.Parse(_tool.MakeKey("key", asked))!;
        string shown = Show(Sign(Request(key) with { Type = SshCertificateType.Host, Principals = ["vm-01", "10.0.0.7", "fd00::7", "keyhole-01234567-7"], Extensions = [] }));
        Assert.Contains($"Type: {type}-cert-v01@openssh.com host certificate", shown, StringComparison.Ordinal);
        Assert.Equal(["vm-01", "10.0.0.7", "fd00::7", "keyhole-01234567-7"], Section(shown, "Principals"));
        Assert.Contains("Extensions: (none)", shown, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SshTool.KeyTypes), MemberType = typeof(SshTool))]
    public void A_certificate_of_OpenSSH_is_read_and_verified(string type, string[] asked)
    {
        string authority = _tool.MakeKey("ca", "-t", "ed25519");
        var key = SshPublicKey.Parse(_tool.MakeKey("key", asked))!;
        _tool.Run(
            "ssh-keygen", "-q", "-s", _tool.PathOf("ca"), "-I", "somebody", "-n", "one,two", "-z", "77", "-V", "20300501120000:20300501120500", "-O", "clear", "-O", "permit-pty",
            "-O", "force-command=/bin/true", _tool.PathOf("key.pub"));
        var certificate = SshCertificate.Parse(File.ReadAllText(_tool.PathOf("key-cert.pub")))!;
        Assert.Equal(type + "-cert-v01@openssh.com", certificate.KeyType);
        Assert.Equal(key, certificate.Key);
        Assert.Equal(77u, certificate.Serial);
        Assert.Equal("somebody", certificate.KeyId);
        Assert.Equal(["one", "two"], certificate.Principals);
        Assert.Equal((Noon, Noon.AddMinutes(5)), (certificate.ValidAfter, certificate.ValidBefore));
        Assert.Equal(["force-command"], certificate.CriticalOptions);
        Assert.Equal(["permit-pty"], certificate.Extensions);
        Assert.True(certificate.Verify(SshPublicKey.Parse(authority)!));
        Assert.False(certificate.Verify(Authority));
    }

    [Fact]
    public void A_certificate_of_another_authoritys_algorithm_is_read_but_verifies_under_none()
    {
        var authority = SshPublicKey.Parse(_tool.MakeKey("ca", "-t", "ecdsa"))!;
        _tool.MakeKey("key", "-t", "ed25519");
        _tool.Run("ssh-keygen", "-q", "-s", _tool.PathOf("ca"), "-I", "somebody", "-V", "always:forever", _tool.PathOf("key.pub"));
        var certificate = SshCertificate.Parse(File.ReadAllText(_tool.PathOf("key-cert.pub")))!;
        Assert.Equal(authority, certificate.Authority);
        Assert.Equal(DateTimeOffset.MaxValue, certificate.ValidBefore);
        Assert.False(certificate.Verify(authority));
    }

    [Fact]
    public void What_is_signed_is_read_again() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        using var holder = Ed25519PrivateKey.Generate(new SeededRandom(seed));
        var request = new SshCertificateRequest(
            SshPublicKey.FromEd25519(holder.PublicKey), random.Next(2) == 0 ? SshCertificateType.User : SshCertificateType.Host, (ulong)random.NextInt64(1, long.MaxValue),
            Text(random), [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => Text(random))], Noon.AddSeconds(random.Next(1_000_000)), Noon.AddSeconds(random.Next(1_000_001, 9_000_000)),
            [.. Enumerable.Range(0, random.Next(4)).Select(_ => Text(random))]);
        string line = Sign(request);
        var read = SshCertificate.Parse(line + " comment")!;
        return read.ToString() == line && read.Key.Equals(request.Key) && read.Type == request.Type && read.Serial == request.Serial && read.KeyId == request.KeyId
            && read.Principals.SequenceEqual(request.Principals) && read.ValidAfter == request.ValidAfter && read.ValidBefore == request.ValidBefore
            && read.Extensions.SequenceEqual(request.Extensions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)) && read.CriticalOptions.Count == 0
            && read.Verify(Authority);
    }).Check(Seeded.Runs(200));

    [Fact]
    [Trait("Threat", "34")]
    public void No_bit_of_a_certificate_can_be_changed()
    {
        byte[] blob = SshCertificate.Parse(Sign(Request()))!.Blob.ToArray();
        for (int bit = 0; bit < blob.Length * 8; bit++)
        {
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
            var changed = SshCertificate.Parse(Line(blob));
            Assert.False(changed?.Verify(Authority) ?? false, $"bit {bit.ToString(CultureInfo.InvariantCulture)}");
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(SshCertificate.Parse(Line(blob))!.Verify(Authority));
    }

    [Fact]
    [Trait("Promise", "B1")]
    [Trait("Threat", "34")]
    public void A_certificate_that_another_authority_signed_does_not_verify_even_when_it_names_ours()
    {
        using var other = Ed25519PrivateKey.Generate(new SeededRandom(8));
        byte[] forged = SshCertificate.Parse(SshCertificateWriter.Sign(Request(), other, new byte[32]))!.Blob.ToArray();
        Assert.False(SshCertificate.Parse(Line(forged))!.Verify(Authority));
        int at = forged.AsSpan().LastIndexOf(other.PublicKey);
        _authority.PublicKey.CopyTo(forged.AsSpan(at));
        var named = SshCertificate.Parse(Line(forged))!;
        Assert.Equal(Authority, named.Authority);
        Assert.False(named.Verify(Authority));
    }

    [Fact]
    public void A_damaged_certificate_is_none_and_never_an_exception()
    {
        byte[] blob = SshCertificate.Parse(Sign(Request()))!.Blob.ToArray();
        for (int length = 0; length < blob.Length; length++)
            Assert.Null(SshCertificate.Parse(Line(blob[..length])));
        Assert.Null(SshCertificate.Parse(Line([.. blob, 0])));
        Assert.Null(SshCertificate.Parse(null));
        var random = new Random(TestSeed.Next());
        for (int run = 0; run < 20_000; run++)
        {
            byte[] damaged = [.. blob];
            for (int change = random.Next(1, 6); change > 0; change--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Assert.False(SshCertificate.Parse(Line(damaged)) is { } read && !damaged.AsSpan().SequenceEqual(blob) && read.Verify(Authority));
        }
    }

    /// <summary>The nonce is the first thing that the authority signs and the holder cannot know.</summary>
    [Fact]
    public void The_nonce_is_part_of_what_is_signed() =>
        Assert.NotEqual(Sign(Request()), SshCertificateWriter.Sign(Request(), _authority, [.. Enumerable.Repeat((byte)1, 32)]));

    [Fact]
    [Trait("Threat", "34")]
    public void A_request_that_would_stand_for_more_than_it_says_is_not_signed()
    {
        var request = Request();
        SshCertificateRequest[] refused =
        [
            request with { Principals = [] },
            request with { Principals = [""] },
            request with { Principals = ["ada,root"] },
            request with { Principals = ["ada\nroot"] },
            request with { Principals = [.. Enumerable.Repeat("ada", 257)] },
            request with { Principals = [new string('a', 513)] },
            request with { Serial = 0 },
            request with { Type = 0 },
            request with { KeyId = "" },
            request with { KeyId = "user=ada\u001b[2J" },
            request with { ValidBefore = request.ValidAfter },
            request with { ValidAfter = DateTimeOffset.UnixEpoch.AddSeconds(-1) },
            request with { Extensions = [""] },
        ];
        Assert.All(refused, one => Assert.Throws<ArgumentException>(() => Sign(one)));
        Assert.Throws<ArgumentException>(() => SshCertificateWriter.Sign(request, _authority, new byte[31]));
    }

    private static SshCertificateRequest Request(SshPublicKey? key = null) => new(
        key ?? SshPublicKey.FromEd25519([.. Enumerable.Range(0, 32).Select(value => (byte)value)]), SshCertificateType.User, 42,
        "user=ada@example.com device=laptop resource=vm-01 org=acme", ["keyhole:0123:7:89ab:ada"], Noon.AddSeconds(-60), Noon.AddSeconds(300), UserExtensions);

    private static string Line(byte[] blob) => $"ssh-ed25519-cert-v01@openssh.com {Convert.ToBase64String(blob)}";

    private static string Text(Random random) => new([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => "abcXYZ019 =:@._-äλ√"[random.Next(19)])]);

    /// <summary>The indented lines below a heading of <c>ssh-keygen -L</c>.</summary>
    private static string[] Section(string shown, string heading) =>
        [.. shown.Split('\n').SkipWhile(line => line.Trim() != heading + ":").Skip(1).TakeWhile(line => line.StartsWith("                ", StringComparison.Ordinal)).Select(line => line.Trim())];

    private string Sign(SshCertificateRequest request) => SshCertificateWriter.Sign(request, _authority, new byte[32]);

    private string Show(string line) => _tool.Run("ssh-keygen", "-L", "-f", _tool.Write("shown-cert.pub", line + "\n"));
}
