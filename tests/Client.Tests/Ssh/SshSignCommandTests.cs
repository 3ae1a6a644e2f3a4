using System.Runtime.Versioning;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class SshSignCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-sign").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [Trait("Promise", "B15")]
    [InlineData("k.pub", "k-cert.pub")]
    [InlineData("/home/ada/.ssh/id_ed25519.pub", "/home/ada/.ssh/id_ed25519-cert.pub")]
    [InlineData("key", "key-cert.pub")]
    public void The_certificate_lies_where_ssh_looks_for_it(string key, string certificate) => Assert.Equal(certificate, SshSignCommand.CertificateFileOf(key));

    [Fact]
    public void A_private_key_is_not_even_looked_at()
    {
        string key = Path.Combine(_directory, "k");
        SshSamples.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
        Assert.Equal(SshPublicKey.Parse(File.ReadAllText(key + ".pub")), SshSignCommand.Read(key + ".pub"));
        Assert.Contains("is a private key", Assert.Throws<AgentException>(() => SshSignCommand.Read(key)).Message, StringComparison.Ordinal);
        File.WriteAllText(key, "something else");
        Assert.Contains("is no public key", Assert.Throws<AgentException>(() => SshSignCommand.Read(key)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<AgentException>(() => SshSignCommand.Read(Path.Combine(_directory, "none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_signed_is_said_to_people_and_to_programs()
    {
        using var key = Ed25519PrivateKey.Generate(RandomSource.System);
        var signed = SshSamples.Signed(key);
        string text = SshSignCommand.ToText(signed, "k-cert.pub");
        Assert.StartsWith("k-cert.pub\n", text, StringComparison.Ordinal);
        Assert.Contains("ada on vm-01.acme.internal (192.168.1.20)", text, StringComparison.Ordinal);
        Assert.Contains("keyhole:0123:7:89ab:ada", text, StringComparison.Ordinal);
        Assert.Contains("UTC, serial 42", text, StringComparison.Ordinal);
        var json = SshSignCommand.ToJson(signed, "k-cert.pub");
        Assert.Equal(
            ("k-cert.pub", "ada", "keyhole:0123:7:89ab:ada", 42ul, signed.KnownAuthorities),
            ((string?)json["certificate"], (string?)json["username"], (string?)json["principal"], (ulong)json["serial"]!, (string?)json["knownHosts"]));
        Assert.Equal(signed.Certificate.ValidBefore, DateTimeOffset.Parse((string)json["validBefore"]!, System.Globalization.CultureInfo.InvariantCulture));
    }
}
