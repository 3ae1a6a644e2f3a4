using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>
/// The daemon's own certificate. An extension shows that the daemon knows the pre-shared key, so that a connector that meets it for the first time says nothing to anybody
/// else; from then on the connector knows its pin.
/// </summary>
internal sealed class DaemonCertificate : IDisposable
{
    public const string ProofOid = "1.3.6.1.4.1.55555.1.1";
    private const int Years = 20;

    private readonly X509Certificate2 _certificate;

    private DaemonCertificate(X509Certificate2 certificate)
    {
        _certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, null, offline: true);
        Pin = PinOf(certificate);
    }

    public SslStreamCertificateContext Context { get; }

    public string Pin { get; }

    /// <summary>Reads key and certificate, or makes them. Another pre-shared key makes another certificate for the same key: the pin stays.</summary>
    /// <exception cref="AuthDaemonException">The files cannot be used.</exception>
    public static async Task<DaemonCertificate> LoadOrCreateAsync(string stateDirectory, PreSharedKey preSharedKey, TimeProvider time)
    {
        string keyFile = Path.Combine(stateDirectory, "daemon.key");
        string certificateFile = Path.Combine(stateDirectory, "daemon.pem");
        try
        {
            if (!File.Exists(keyFile))
                await AtomicFile.WriteAsync(keyFile, Encoding.ASCII.GetBytes(NewKey()), AtomicFile.Secret).ConfigureAwait(false);
            string key = await File.ReadAllTextAsync(keyFile).ConfigureAwait(false);
            if (File.Exists(certificateFile))
            {
                var known = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificateFile).ConfigureAwait(false), key);
                if (Proves(known, preSharedKey))
                    return new DaemonCertificate(known);
                known.Dispose();
            }

            string made = Create(key, preSharedKey, time.GetUtcNow());
            await AtomicFile.WriteAsync(certificateFile, Encoding.ASCII.GetBytes(made), AtomicFile.Secret).ConfigureAwait(false);
            return new DaemonCertificate(X509Certificate2.CreateFromPem(made, key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AuthDaemonException($"The daemon's certificate in {stateDirectory} cannot be used: {e.Message} If daemon.key and daemon.pem are deleted, new ones are made at the next start.", e);
        }
    }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo in base64 (RFC 7469 section 2.4).</summary>
    public static string PinOf(X509Certificate2 certificate) => Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>True when whoever made the certificate knew the pre-shared key.</summary>
    public static bool Proves(X509Certificate2 certificate, PreSharedKey preSharedKey)
    {
        byte[] expected = preSharedKey.Prove(certificate.PublicKey.ExportSubjectPublicKeyInfo());
        return certificate.Extensions[ProofOid]?.RawData is { } proof && proof.Length == expected.Length && FixedTime.Equals(proof, expected);
    }

    public void Dispose() => _certificate.Dispose();

    private static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static string Create(string keyPem, PreSharedKey preSharedKey, DateTimeOffset now)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        var request = new CertificateRequest("CN=keyhole-auth-daemon", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509Extension(ProofOid, preSharedKey.Prove(request.PublicKey.ExportSubjectPublicKeyInfo()), critical: false));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        return certificate.ExportCertificatePem() + "\n";
    }
}
