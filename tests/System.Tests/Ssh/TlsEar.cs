using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Whoever stands where an auth daemon should: TLS with a certificate of its own, and an ear for what it is told.</summary>
internal sealed class TlsEar : IDisposable
{
    private readonly TcpListener _listener;
    private readonly X509Certificate2 _certificate;
    private readonly StringBuilder _heard = new();
    private int _handshakes;

    public TlsEar(NetworkNamespace host, IPAddress address, int port)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _certificate = new CertificateRequest("CN=keyhole auth daemon", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _listener = host.Enter(() =>
        {
            var listener = new TcpListener(address, port);
            listener.Start();
            return listener;
        });
        _ = ListenAsync();
    }

    /// <summary>How many asked for its certificate.</summary>
    public int Handshakes => Volatile.Read(ref _handshakes);

    /// <summary>Everything that was said inside.</summary>
    public string Heard
    {
        get
        {
            lock (_heard)
                return _heard.ToString();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
                _ = HearAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    private async Task HearAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            await using var stream = new SslStream(client.GetStream());
            Interlocked.Increment(ref _handshakes);
            await stream.AuthenticateAsServerAsync(_certificate);
            var buffer = new byte[4096];
            for (int length; (length = await stream.ReadAsync(buffer)) > 0;)
            {
                lock (_heard)
                    _heard.Append(Encoding.Latin1.GetString(buffer, 0, length));
            }
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException or SocketException)
        {
            return;
        }
    }
}
