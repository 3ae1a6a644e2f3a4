using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.SshHost.Tests;

/// <summary>The certificate authority of one organisation.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly Ed25519PrivateKey _key = Ed25519PrivateKey.Generate(RandomSource.System);
    private ulong _serial;

    public TestAuthority(char digit) => Id = new string(digit, 32);

    /// <summary>32 hexadecimal digits.</summary>
    public string Id { get; }

    public SshPublicKey PublicKey => SshPublicKey.FromEd25519(_key.PublicKey);

    public string Line => PublicKey.ToString();

    /// <summary>The serial of the last certificate.</summary>
    public long LastSerial => (long)_serial;

    public string SignUser(SshPublicKey key, string principal) =>
        Sign(key, SshCertificateType.User, principal, TimeSpan.FromMinutes(5), ["permit-pty", "permit-port-forwarding", "permit-agent-forwarding", "permit-user-rc"]);

    public string SignHost(SshPublicKey key, string name) => Sign(key, SshCertificateType.Host, name, TimeSpan.FromDays(30), []);

    public void Dispose() => _key.Dispose();

    private string Sign(SshPublicKey key, SshCertificateType type, string principal, TimeSpan validity, string[] extensions)
    {
        Span<byte> nonce = stackalloc byte[SshCertificateWriter.NonceLength];
        RandomSource.System.Fill(nonce);
        var now = DateTimeOffset.UtcNow;
        return SshCertificateWriter.Sign(new SshCertificateRequest(key, type, ++_serial, "user=ada@example.com", [principal], now.AddMinutes(-1), now + validity, extensions), _key, nonce);
    }
}
