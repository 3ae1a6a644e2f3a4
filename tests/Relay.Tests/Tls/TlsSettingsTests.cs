using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyhole.Agent;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>What an operator says about TLS, and what of it is refused.</summary>
public sealed class TlsSettingsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_certificate_from_files_is_shown_with_its_chain_and_has_no_pin()
    {
        var (certificate, key) = WritePair();
        using var loaded = RelayCertificate.FromFiles(certificate, key);
        Assert.Null(loaded.Pin);
        Assert.Equal("CN=relay.example.com", loaded.Context.TargetCertificate.Subject);
        Assert.True(loaded.Context.TargetCertificate.HasPrivateKey);
    }

    [Fact]
    public void Files_that_do_not_belong_together_or_are_not_there_are_one_line()
    {
        var (certificate, _) = WritePair();
        string other = _folder.File("other.pem");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            File.WriteAllText(other, key.ExportPkcs8PrivateKeyPem());
        foreach (var (first, second) in new[] { (certificate, other), (certificate, _folder.File("missing.pem")), (_folder.File("missing.pem"), other) })
            Assert.DoesNotContain('\n', Assert.Throws<AgentException>(() => RelayCertificate.FromFiles(first, second)).Message);
    }

    [Theory]
    [InlineData("127.0.0.1:8443", typeof(IPEndPoint))]
    [InlineData("[::1]:8443", typeof(IPEndPoint))]
    [InlineData("proxy.internal:8443", typeof(DnsEndPoint))]
    public void The_fallback_is_an_address_or_a_name(string text, Type kind) => Assert.IsType(kind, RelaySettings.ParseFallback(text));

    [Theory]
    [InlineData("8443")]
    [InlineData("proxy.internal")]
    [InlineData("proxy.internal:0x1")]
    [InlineData("proxy internal:8443")]
    [InlineData(":8443")]
    public void What_is_no_endpoint_is_refused(string text) => Assert.Throws<AgentException>(() => RelaySettings.ParseFallback(text));

    private (string Certificate, string Key) WritePair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=relay.example.com", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder.File("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
        return (_folder.File("cert.pem"), _folder.File("key.pem"));
    }
}
