using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Keyhole.Client;

/// <summary>Whether the relay is reached over TLS on TCP 443: what is left where a network lets no UDP through.</summary>
internal static class TlsCheck
{
    private static readonly SslApplicationProtocol Protocol = new("keyhole");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="pin">SHA-256 of the relay's SubjectPublicKeyInfo, base64; null when Control did not say it.</param>
    /// <param name="needed">Whether UDP fails, so that this is the only way.</param>
    public static async Task<Finding> RunAsync(string host, int port, string? pin, bool needed, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var watch = Stopwatch.StartNew();
        string? seen = null;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, patience.Token);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ApplicationProtocols = [Protocol],
                    // Nothing is said over this connection: whose key it is, is the finding.
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    {
                        using var copy = certificate is null ? null : new System.Security.Cryptography.X509Certificates.X509Certificate2(certificate);
                        seen = copy is null ? null : Convert.ToBase64String(SHA256.HashData(copy.PublicKey.ExportSubjectPublicKeyInfo()));
                        return seen is not null;
                    },
                },
                patience.Token);
            string address = $"{host}:{port}";
            if (tls.NegotiatedApplicationProtocol != Protocol)
                return new Finding("tcp443", needed ? Verdict.Failed : Verdict.Limited, $"{address} speaks TLS, but is no relay", "Is another server on that port of the relay's machine?");
            if (pin is not null && seen != pin)
                return new Finding("tcp443", Verdict.Failed, $"{address} shows another key than Control says: something in between breaks TLS open", "The tunnel does not use it. Ask for an exception for this address in that network.");
            return new Finding("tcp443", Verdict.Fine, string.Create(CultureInfo.InvariantCulture, $"{address} in {watch.Elapsed.TotalMilliseconds:F0} ms"));
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            string why = e is OperationCanceledException ? "no answer" : e.Message;
            return new Finding("tcp443", needed ? Verdict.Failed : Verdict.Limited, $"{host}:{port}: {why}",
                needed ? "Neither UDP nor TCP 443 gets through: ask whoever runs this network." : "Where a network blocks UDP this relay will not be reached. Its operator can serve TLS on TCP 443.");
        }
    }
}
