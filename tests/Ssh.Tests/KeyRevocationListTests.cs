using Keyhole.Cryptography;

namespace Keyhole.Ssh.Tests;

public sealed class KeyRevocationListTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SshTool _tool = new();
    private readonly Ed25519PrivateKey _one = Ed25519PrivateKey.Generate(new SeededRandom(1)), _other = Ed25519PrivateKey.Generate(new SeededRandom(2));

    public void Dispose()
    {
        _tool.Dispose();
        _one.Dispose();
        _other.Dispose();
    }

    [Fact]
    [Trait("Threat", "34")]
    public void OpenSSH_takes_exactly_the_named_serials_of_the_named_authority_as_revoked()
    {
        string list = Write((_one, [9, 5, 5, ulong.MaxValue]), (_other, [6]));
        Assert.True(IsRevoked(list, _one, 5));
        Assert.True(IsRevoked(list, _one, 9));
        Assert.True(IsRevoked(list, _one, ulong.MaxValue));
        Assert.False(IsRevoked(list, _one, 6));
        Assert.False(IsRevoked(list, _one, 8));
        Assert.False(IsRevoked(list, _other, 5));
        Assert.True(IsRevoked(list, _other, 6));
    }

    [Fact]
    public void An_empty_list_revokes_nothing()
    {
        Assert.False(IsRevoked(Write(), _one, 5));
        Assert.False(IsRevoked(Write((_one, [])), _one, 5));
    }

    [Fact]
    public void A_long_list_is_taken_whole()
    {
        string list = Write((_one, [.. Enumerable.Range(1, 20_000).Select(serial => (ulong)serial * 3)]));
        Assert.True(IsRevoked(list, _one, 60_000));
        Assert.False(IsRevoked(list, _one, 59_999));
    }

    [Fact]
    public void Version_and_time_are_what_OpenSSH_shows()
    {
        string shown = _tool.Run("ssh-keygen", "-Q", "-l", "-f", Write((_one, [5, 7])));
        Assert.Contains("# KRL version 3", shown, StringComparison.Ordinal);
        Assert.Contains("# Generated at 20300501T120000", shown, StringComparison.Ordinal);
        Assert.Contains(SshPublicKey.FromEd25519(_one.PublicKey).Fingerprint, shown, StringComparison.Ordinal);
        Assert.Contains("serial: 5", shown, StringComparison.Ordinal);
        Assert.Contains("serial: 7", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Serial_0_is_refused_since_OpenSSH_would_refuse_the_list() => Assert.Throws<ArgumentException>(() => Write((_one, [0])));

    private string Write(params (Ed25519PrivateKey Authority, ulong[] Serials)[] revoked) => _tool.Write(
        "revoked.krl",
        KeyRevocationList.Write(3, Noon, [.. revoked.Select(entry => (SshPublicKey.FromEd25519(entry.Authority.PublicKey), (IReadOnlyList<ulong>)entry.Serials))]));

    private bool IsRevoked(string list, Ed25519PrivateKey authority, ulong serial)
    {
        var key = SshPublicKey.FromEd25519([.. Enumerable.Range(0, 32).Select(value => (byte)value)]);
        string line = SshCertificateWriter.Sign(new SshCertificateRequest(key, SshCertificateType.User, serial, "somebody", ["ada"], Noon, Noon.AddMinutes(5), []), authority, new byte[32]);
        var (code, text) = _tool.Try("ssh-keygen", new Dictionary<string, string>(), "-Q", "-f", list, _tool.Write("asked-cert.pub", line + "\n"));
        Assert.True(text.Contains(code == 0 ? ": ok" : ": REVOKED", StringComparison.Ordinal), text);
        return code != 0;
    }
}
