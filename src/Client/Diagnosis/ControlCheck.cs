using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Keyhole.Client;

/// <summary>Whether Control answers over HTTP, and by how much its clock and this machine's differ.</summary>
internal static class ControlCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A certificate's edge, and a day's table, notice less than that only on their last seconds.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<Finding>> RunAsync(Uri endpoint, TimeProvider time, CancellationToken stop)
    {
        using var handler = new SocketsHttpHandler { ConnectTimeout = Patience, AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { Timeout = Patience };
        var watch = Stopwatch.StartNew();
        try
        {
            using var response = await http.GetAsync(new Uri(endpoint, "healthz"), HttpCompletionOption.ResponseHeadersRead, stop);
            var duration = watch.Elapsed;
            var control = response.IsSuccessStatusCode
                ? new Finding("control", Verdict.Fine, string.Create(CultureInfo.InvariantCulture, $"{endpoint.Authority} answers in {duration.TotalMilliseconds:F0} ms"))
                : new Finding("control", Verdict.Failed, $"{endpoint.Authority} answers with HTTP {(int)response.StatusCode}", "Is this the URL of Control, and does a proxy in front pass /healthz and /api on?");
            return response.Headers.Date is { } theirs ? [control, JudgeClock(theirs - time.GetUtcNow() + (duration / 2))] : [control, new Finding("clock", Verdict.Unknown, "Control did not say what time it is")];
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            return [Unreachable(endpoint, e), new Finding("clock", Verdict.Unknown, "Control, whose clock counts, does not answer")];
        }
    }

    /// <param name="ahead">By how much Control's clock is ahead of this machine's; it tells whole seconds.</param>
    public static Finding JudgeClock(TimeSpan ahead)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(ahead.TotalSeconds):F0} s {(ahead > TimeSpan.Zero ? "behind" : "ahead of")} Control's");
        return ahead.Duration() <= Tolerance
            ? new Finding("clock", Verdict.Fine, text)
            : new Finding("clock", Verdict.Failed, text, "Set this machine's clock, best by NTP: certificates and tables are judged by it.");
    }

    private static Finding Unreachable(Uri endpoint, Exception e)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return new Finding("control", Verdict.Failed, $"the name {endpoint.Host} does not resolve", "Check --endpoint and this machine's DNS.");
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return new Finding("control", Verdict.Failed, $"{endpoint.Authority} refuses the connection", "Nothing listens there: is Control running, and is this its port?");
                case SocketException socket:
                    return new Finding("control", Verdict.Failed, $"{endpoint.Authority} cannot be reached: {socket.Message}", "Check this machine's network and the firewall between.");
                case AuthenticationException tls:
                    return new Finding("control", Verdict.Failed, $"TLS with {endpoint.Authority} fails: {tls.Message}", "Check the certificate of Control, or whether something in between breaks TLS open.");
            }
        }

        return new Finding("control", Verdict.Failed, $"{endpoint.Authority} does not answer within {Patience.TotalSeconds:F0} s", "Check this machine's network and the firewall between.");
    }
}
