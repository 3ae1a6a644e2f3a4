using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyhole.Contracts;
using Keyhole.Net;

namespace Keyhole.Edge;

/// <summary>Connects to a relay by TLS: directly, or through the HTTP proxy that the environment names (HTTPS_PROXY, NO_PROXY).</summary>
public static class RelayDialer
{
    private static readonly SslApplicationProtocol Protocol = new("keyhole");

    /// <summary>The first endpoint that answers, one after the other.</summary>
    /// <param name="patience">For all of them together.</param>
    /// <exception cref="IOException">None does; the last one's reason.</exception>
    public static async Task<Stream> ConnectAsync(RelayTls tls, TimeSpan patience, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(tls);
        Exception? last = null;
        foreach (string endpoint in tls.Endpoints)
        {
            // One that swallows everything leaves time for the others.
            using var share = CancellationTokenSource.CreateLinkedTokenSource(stop);
            share.CancelAfter(patience / tls.Endpoints.Count);
            try
            {
                return await ConnectAsync(endpoint, tls.Pin, share.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
            {
                last = e;
            }
            catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
            {
                last = new IOException($"no answer from {endpoint}", e);
            }
        }

        throw new IOException(last?.Message ?? "the relay has no TLS endpoint", last);
    }

    /// <summary>With a pin that key and no other, whatever the certificate says of itself; without one what the host's authorities vouch for.</summary>
    internal static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, string? pin)
    {
        if (pin is null)
            return errors == SslPolicyErrors.None;
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        return certificate is X509Certificate2 shown
            && Convert.TryFromBase64String(pin, expected, out int length) && length == expected.Length
            && SHA256.HashData(shown.PublicKey.ExportSubjectPublicKeyInfo()).AsSpan().SequenceEqual(expected);
    }

    /// <summary>Connects to one endpoint.</summary>
    /// <param name="endpoint">HOST:PORT.</param>
    /// <param name="pin">SHA-256 of the relay's SubjectPublicKeyInfo, base64; null: the host's authorities judge.</param>
    /// <exception cref="RelayDialException">Something else answers there.</exception>
    /// <exception cref="IOException">It does not answer, or is no endpoint.</exception>
    /// <exception cref="SocketException">Nobody is there.</exception>
    /// <exception cref="AuthenticationException">It does not speak TLS.</exception>
    public static async Task<Stream> ConnectAsync(string endpoint, string? pin, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!RelayEndpoints.TryParse(endpoint, out string host, out ushort port))
            throw new IOException($"'{endpoint}' is no endpoint");
        var connection = await DialAsync(host, port, stop);
        var tls = new SslStream(connection);
        bool isOther = false;
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ApplicationProtocols = [Protocol],
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) => !(isOther = !IsTrusted(certificate, errors, pin)),
                },
                stop);
            return tls.NegotiatedApplicationProtocol == Protocol
                ? tls
                : throw new RelayDialException(RelayDialFault.NotRelay, $"{endpoint} is not a relay: it does not speak this protocol");
        }
        catch (AuthenticationException e) when (isOther)
        {
            await tls.DisposeAsync();
            throw new RelayDialException(RelayDialFault.OtherKey, $"{endpoint} shows another key than the relay's: {e.Message}", e);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>The host that is dialled for this target: its own, or the proxy's.</summary>
    public static string HostFor(Uri target) => (ProxyFor(target) ?? target).IdnHost;

    public static Uri UriOf(string host, ushort port) => new UriBuilder(Uri.UriSchemeHttps, host, port).Uri;

    private static Uri? ProxyFor(Uri target)
    {
        var proxy = HttpClient.DefaultProxy.GetProxy(target);
        return proxy is null || proxy == target || HttpClient.DefaultProxy.IsBypassed(target) ? null : proxy;
    }

    private static async Task<Stream> DialAsync(string host, ushort port, CancellationToken stop)
    {
        var target = UriOf(host, port);
        var proxy = ProxyFor(target);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            var addresses = await HostLookup.AskAsync(proxy?.IdnHost ?? host, stop);
            await socket.ConnectAsync(addresses, proxy?.Port ?? port, stop);
            DatagramStream.Prepare(socket);
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (proxy is not null)
                await HttpTunnel.OpenAsync(stream, target, HttpClient.DefaultProxy.Credentials?.GetCredential(proxy, "Basic"), stop);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
