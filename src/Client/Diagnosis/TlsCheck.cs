using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary>Whether the relay is reached over TLS on TCP 443, as the tunnel would reach it: what is left where a network lets no UDP through.</summary>
internal static class TlsCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="endpoint">HOST:PORT.</param>
    /// <param name="pin">SHA-256 of the relay's SubjectPublicKeyInfo, base64; null where the host's authorities judge.</param>
    /// <param name="needed">Whether UDP fails, so that this is the only way.</param>
    public static async Task<Finding> RunAsync(string endpoint, string? pin, bool needed, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var watch = Stopwatch.StartNew();
        var shortfall = needed ? Verdict.Failed : Verdict.Limited;
        try
        {
            await using var connection = await RelayDialer.ConnectAsync(endpoint, pin, patience.Token);
            return new Finding("tcp443", Verdict.Fine, string.Create(CultureInfo.InvariantCulture, $"{endpoint} in {watch.Elapsed.TotalMilliseconds:F0} ms"));
        }
        catch (RelayDialException e) when (e.Fault == RelayDialFault.NotRelay)
        {
            return new Finding("tcp443", shortfall, $"{endpoint} speaks TLS, but is no relay", "Is another server on that port of the relay's machine?");
        }
        catch (RelayDialException)
        {
            return new Finding("tcp443", Verdict.Failed, $"{endpoint} shows another key than the relay's: something in between breaks TLS open, or another server is there",
                "The tunnel does not use it. Ask for an exception for this address in that network.");
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            string why = e is OperationCanceledException ? "no answer" : e.Message;
            return new Finding("tcp443", shortfall, $"{endpoint}: {why}",
                needed ? "Neither UDP nor TCP 443 gets through: ask whoever runs this network." : "Where a network blocks UDP this relay will not be reached. Its operator can serve TLS on TCP 443.");
        }
    }
}
