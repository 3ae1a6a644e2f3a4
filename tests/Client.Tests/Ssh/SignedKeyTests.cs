using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Client.Tests;

public sealed class SignedKeyTests : IDisposable
{
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);

    private SshPublicKey Key => SshPublicKey.FromEd25519(_key.PublicKey);

    public void Dispose() => _key.Dispose();

    [Fact]
    public void An_answer_is_read()
    {
        var signed = SignedKey.From(SshSamples.Answer(Key), Key, null);
        Assert.Equal(("ada", "vm-01", "vm-01.acme.internal", "192.168.1.20", "keyhole-01234567-7", null), (signed.Username, signed.Resource, signed.Alias, signed.Destination, signed.HostKeyAlias, signed.Password));
        Assert.Equal((42ul, "keyhole:0123:7:89ab:ada"), (signed.Certificate.Serial, signed.Certificate.Principals.Single()));
        Assert.Equal($"@cert-authority keyhole-01234567-7 {SshSamples.AuthorityKey}\n", signed.KnownAuthorities);
    }

    /// <summary>A certificate goes on proving a host after its key was stolen: a login expects the keys that Control has enrolled at this moment.</summary>
    [Fact]
    [Trait("Threat", "35")]
    public void A_login_takes_the_keys_of_the_host_that_are_enrolled_and_no_certificate()
    {
        var answer = SshSamples.Answer(Key);
        answer["hostKeys"]!.AsArray().Add((JsonNode)Key.ToString());
        Assert.Equal($"keyhole-01234567-7 {SshSamples.HostKey}\nkeyhole-01234567-7 {Key}\n", SignedKey.From(answer, Key, null).KnownHosts);
    }

    [Fact]
    public void Every_authority_of_the_organisation_may_have_signed_the_host()
    {
        var answer = SshSamples.Answer(Key);
        answer["hostAuthorities"]!.AsArray().Add((JsonNode)Key.ToString());
        Assert.Equal(2, SignedKey.From(answer, Key, null).KnownAuthorities.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    /// <summary>It becomes words of a command line and lines of a file.</summary>
    [Theory]
    [Trait("Threat", "33")]
    [InlineData("username", "\"-oProxyCommand=id\"")]
    [InlineData("username", "\"ada\\nProxyCommand id\"")]
    [InlineData("username", "\"Ada\"")]
    [InlineData("username", "\"\"")]
    [InlineData("username", "7")]
    [InlineData("username", "\"abcdefghijklmnopqrstuvwxyzabcdefg\"")]
    [InlineData("resource", "\"-oProxyCommand=id\"")]
    [InlineData("alias", "\"a b\"")]
    [InlineData("alias", "\"*\"")]
    [InlineData("destination", "\"$(id)\"")]
    [InlineData("destination", "null")]
    [InlineData("overlay", "[\"100.64.0.9 -x\"]")]
    [InlineData("hostKeyAlias", "\"*\"")]
    [InlineData("hostKeyAlias", "\"a ssh-ed25519 AAAA\\n*\"")]
    [InlineData("hostAuthorities", "[]")]
    [InlineData("hostAuthorities", "[\"ssh-ed25519 AAAA\"]")]
    [InlineData("hostAuthorities", "\"ssh-ed25519 AAAA\"")]
    [InlineData("hostKeys", "[]")]
    [InlineData("hostKeys", "[\"* ssh-ed25519 AAAA\"]")]
    [InlineData("hostKeys", "null")]
    [InlineData("certificate", "\"\"")]
    [InlineData("certificate", "null")]
    [InlineData("certificate", "[]")]
    public void An_answer_that_says_something_else_is_refused(string member, string value)
    {
        var answer = SshSamples.Answer(Key);
        answer[member] = JsonNode.Parse(value);
        Assert.Throws<AgentException>(() => SignedKey.From(answer, Key, null));
    }

    [Fact]
    public void A_certificate_for_another_key_or_for_a_host_is_refused()
    {
        using var other = Ed25519PrivateKey.Generate(RandomSource.System);
        Assert.Throws<AgentException>(() => SignedKey.From(SshSamples.Answer(SshPublicKey.FromEd25519(other.PublicKey)), Key, null));
        Assert.Throws<AgentException>(() => SignedKey.From(SshSamples.Answer(Key, SshCertificateType.Host), Key, null));
    }

    [Fact]
    [Trait("Promise", "B16")]
    public void A_password_is_opened_by_who_asked_for_it_and_its_absence_is_said()
    {
        using var recipient = new SealedBox.Recipient();
        var answer = SshSamples.Answer(Key);
        answer["sealedPassword"] = SealedBox.Seal("correct-horse"u8, recipient.PublicKey);
        Assert.Equal("correct-horse", SignedKey.From(answer, Key, recipient).Password);
        Assert.Null(SignedKey.From(answer, Key, null).Password);
        answer["sealedPassword"] = SealedBox.Seal("\u001b[2J"u8, recipient.PublicKey);
        Assert.Throws<AgentException>(() => SignedKey.From(answer, Key, recipient));
        answer.Remove("sealedPassword");
        Assert.Throws<AgentException>(() => SignedKey.From(answer, Key, recipient));
    }

    [Fact]
    public void Another_account_than_ones_own_is_not_to_be_had()
    {
        var signed = SshSamples.Signed(_key);
        SshSigning.CheckUser(signed, null);
        SshSigning.CheckUser(signed, "ada");
        Assert.Contains("is ada, not root", Assert.Throws<AgentException>(() => SshSigning.CheckUser(signed, "root")).Message, StringComparison.Ordinal);
    }
}
