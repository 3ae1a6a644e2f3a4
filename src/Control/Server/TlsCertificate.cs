using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Keyhole.Control;

/// <summary>
/// The certificate for HTTPS, from files that are looked at again when somebody connects: a renewed one serves the next
/// connection. While a pair of files does not fit together, as in the middle of a renewal, the one before goes on serving.
/// </summary>
internal sealed class TlsCertificate
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private SslStreamCertificateContext _context;
    private (DateTime Certificate, DateTime Key) _writtenAt;
    private long _lookedAt;

    /// <exception cref="OperatorException">The files cannot be read or do not fit together.</exception>
    public TlsCertificate(string certificateFile, string keyFile, TimeProvider time)
    {
        _certificateFile = Path.GetFullPath(certificateFile);
        _keyFile = Path.GetFullPath(keyFile);
        _time = time;
        _writtenAt = WrittenAt();
        _lookedAt = time.GetTimestamp();
        _context = Load();
    }

    /// <summary>Where a failed renewal is told, once per pair of files.</summary>
    public ILogger? Log { get; set; }

    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_lock)
            {
                if (_time.GetElapsedTime(_lookedAt) >= LookAgain)
                    Look();
                return _context;
            }
        }
    }

    private void Look()
    {
        _lookedAt = _time.GetTimestamp();
        var writtenAt = WrittenAt();
        if (writtenAt == _writtenAt)
            return;
        _writtenAt = writtenAt;
        try
        {
            _context = Load();
            Log?.CertificateRead(_certificateFile, _context.TargetCertificate.NotAfter.ToUniversalTime());
        }
        catch (OperatorException error)
        {
            Log?.CertificateRefused(error.Message);
        }
    }

    /// <summary>A file that is away has a time too: that it comes back is a change.</summary>
    private (DateTime Certificate, DateTime Key) WrittenAt() => (File.GetLastWriteTimeUtc(_certificateFile), File.GetLastWriteTimeUtc(_keyFile));

    private SslStreamCertificateContext Load()
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(_certificateFile, _keyFile);
            var others = new X509Certificate2Collection();
            others.ImportFromPemFile(_certificateFile);
            return SslStreamCertificateContext.Create(certificate, others, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new OperatorException($"the certificate {_certificateFile} with the key {_keyFile} cannot be used: {error.Message}");
        }
    }
}
