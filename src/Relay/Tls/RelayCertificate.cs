using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Keyhole.Agent;

namespace Keyhole.Relay;

/// <summary>
/// The certificate of the relay's TLS connections: the operator's, from files, which agents judge by the authorities that their host trusts; or one of the
/// relay's own, made once and kept beside its key, which agents know by its pin alone.
/// </summary>
internal sealed class RelayCertificate : IDisposable
{
    private const int OwnYears = 20;

    private readonly X509Certificate2 _certificate;
    private readonly (string Certificate, string Key)? _files;
    private readonly (DateTime Certificate, DateTime Key) _writtenAt;

    private RelayCertificate(X509Certificate2 certificate, X509Certificate2Collection? chain, bool isOwn, (string Certificate, string Key)? files = null, (DateTime, DateTime) writtenAt = default)
    {
        _certificate = certificate;
        _files = files;
        _writtenAt = writtenAt;
        Context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        Pin = isOwn ? Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())) : null;
    }

    public SslStreamCertificateContext Context { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo in base64, as in RFC 7469 section 2.4; null for the operator's certificate.</summary>
    public string? Pin { get; }

    /// <summary>The operator's: PEM files, the certificate first and its chain behind it.</summary>
    /// <exception cref="AgentException">A file cannot be read, or the key is not the certificate's.</exception>
    public static RelayCertificate FromFiles(string certificateFile, string keyFile)
    {
        try
        {
            // Before they are read: what is written meanwhile is found again.
            var writtenAt = WrittenAt((certificateFile, keyFile));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificateFile);
            return new RelayCertificate(X509Certificate2.CreateFromPemFile(certificateFile, keyFile), chain, isOwn: false, (certificateFile, keyFile), writtenAt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AgentException($"The TLS certificate {certificateFile} with the key {keyFile} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>What the operator's files hold now; null when they were not written since.</summary>
    /// <exception cref="AgentException">They were, and cannot be used: a renewal may be under way.</exception>
    public RelayCertificate? Renewed() =>
        _files is { } files && WrittenAt(files) != _writtenAt ? FromFiles(files.Certificate, files.Key) : null;

    /// <summary>The relay's own; made when the file does not exist.</summary>
    /// <exception cref="AgentException">The file cannot be read or written, or holds something else.</exception>
    public static RelayCertificate LoadOrCreate(DataDirectory data)
    {
        string file = Path.Combine(data.FullPath, "tls.pem");
        try
        {
            if (!File.Exists(file))
                DataDirectory.WriteAtomically(file, Encoding.ASCII.GetBytes(Create()));
            string pem = File.ReadAllText(file);
            return new RelayCertificate(X509Certificate2.CreateFromPem(pem, pem), chain: null, isOwn: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AgentException($"The TLS certificate {file} cannot be used: {e.Message} If it is deleted, a new one is made at the next start.", e);
        }
    }

    public void Dispose() => _certificate.Dispose();

    private static (DateTime Certificate, DateTime Key) WrittenAt((string Certificate, string Key) files) =>
        (File.GetLastWriteTimeUtc(files.Certificate), File.GetLastWriteTimeUtc(files.Key));

    private static string Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=keyhole-relay", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(OwnYears));
        return $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n";
    }
}
