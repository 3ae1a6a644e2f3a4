using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Keyhole.Cryptography;
using PublicKey = Keyhole.Cryptography.PublicKey;

namespace Keyhole.SshHost;

/// <summary>
/// The daemon's own certificate. An extension shows that the daemon knows the pre-shared key, so that a connector that meets it for the first time says nothing to anybody
/// else; from then on the connector knows its pin. Another holds the X25519 public key by which connectors prove who they are (<see cref="RequestProof"/>): TLS shows that
/// the certificate is the daemon's as it stands.
/// </summary>
internal sealed class DaemonCertificate : IDisposable
{
    public const string ProofOid = "1.3.6.1.4.1.55555.1.1";
    public const string ExchangeOid = "1.3.6.1.4.1.55555.1.2";
    private const int Years = 20;

    private readonly X509Certificate2 _certificate;

    private DaemonCertificate(X509Certificate2 certificate, PrivateKey exchange)
    {
        _certificate = certificate;
        Exchange = exchange;
        Subject = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        Context = SslStreamCertificateContext.Create(certificate, null, offline: true);
        Pin = PinOf(certificate);
    }

    public SslStreamCertificateContext Context { get; }

    public string Pin { get; }

    /// <summary>The SubjectPublicKeyInfo in DER.</summary>
    public byte[] Subject { get; }

    /// <summary>The daemon's half of what it agrees on with each connector.</summary>
    public PrivateKey Exchange { get; }

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
            var exchange = await ExchangeKeyAsync(Path.Combine(stateDirectory, "exchange.key")).ConfigureAwait(false);
            if (File.Exists(certificateFile))
            {
                var known = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificateFile).ConfigureAwait(false), key);
                if (Proves(known, preSharedKey) && ExchangeKeyOf(known) == exchange.PublicKey)
                    return new DaemonCertificate(known, exchange);
                known.Dispose();
            }

            string made = Create(key, preSharedKey, exchange.PublicKey, time.GetUtcNow());
            await AtomicFile.WriteAsync(certificateFile, Encoding.ASCII.GetBytes(made), AtomicFile.Secret).ConfigureAwait(false);
            return new DaemonCertificate(X509Certificate2.CreateFromPem(made, key), exchange);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or FormatException)
        {
            throw new AuthDaemonException($"The daemon's certificate in {stateDirectory} cannot be used: {e.Message} If daemon.key, exchange.key and daemon.pem are deleted, new ones are made at the next start.", e);
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

    /// <summary>Null where the certificate has none.</summary>
    public static PublicKey? ExchangeKeyOf(X509Certificate2 certificate) =>
        certificate.Extensions[ExchangeOid]?.RawData is { Length: PublicKey.Length } key ? new PublicKey(key) : null;

    public void Dispose()
    {
        _certificate.Dispose();
        Exchange.Dispose();
    }

    private static async Task<PrivateKey> ExchangeKeyAsync(string file)
    {
        if (!File.Exists(file))
            await AtomicFile.WriteAsync(file, Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(PrivateKey.Length)) + "\n"), AtomicFile.Secret).ConfigureAwait(false);
        return new PrivateKey(Convert.FromBase64String((await File.ReadAllTextAsync(file).ConfigureAwait(false)).Trim()));
    }

    private static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static string Create(string keyPem, PreSharedKey preSharedKey, in PublicKey exchange, DateTimeOffset now)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        var request = new CertificateRequest("CN=keyhole-auth-daemon", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509Extension(ProofOid, preSharedKey.Prove(request.PublicKey.ExportSubjectPublicKeyInfo()), critical: false));
        request.CertificateExtensions.Add(new X509Extension(ExchangeOid, exchange.Bytes, critical: false));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        return certificate.ExportCertificatePem() + "\n";
    }
}
