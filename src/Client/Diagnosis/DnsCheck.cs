using System.Net;
using System.Net.Sockets;

namespace Keyhole.Client;

/// <summary>Whether names resolve: those of Control and the relays by the machine's own resolver, those that were granted through the tunnel.</summary>
internal static class DnsCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="outside">Host names of Control and relays; addresses are passed over.</param>
    /// <param name="granted">A granted name without wildcards; null for none.</param>
    public static async Task<Finding> RunAsync(IEnumerable<string> outside, string? granted, CancellationToken stop)
    {
        var names = outside.Where(name => !IPAddress.TryParse(name.Trim('[', ']'), out _)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        foreach (string name in names)
        {
            if (await ResolveAsync(name, stop) is { } problem)
                return new Finding("dns", Verdict.Failed, $"{name} does not resolve: {problem}", "Check this machine's DNS servers; without them neither Control nor a relay with a name is found.");
        }

        if (granted is not null && await ResolveAsync(granted, stop) is { } inside)
            return new Finding("dns", Verdict.Failed, $"{granted}, which was granted, does not resolve: {inside}", "See 'keyhole status' for who answers names, and --dns. Overlay addresses ('keyhole list') work meanwhile.");
        return (names.Count, granted) switch
        {
            (0, null) => new Finding("dns", Verdict.Unknown, "no name is in use"),
            (_, null) => new Finding("dns", Verdict.Fine, $"{string.Join(", ", names)} resolves"),
            _ => new Finding("dns", Verdict.Fine, $"{string.Join(", ", names.Append(granted))} resolves"),
        };
    }

    private static async Task<string?> ResolveAsync(string name, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            return (await Dns.GetHostAddressesAsync(name, patience.Token)).Length > 0 ? null : "no address";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.HostNotFound ? "no such name" : e.Message;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return "no answer";
        }
    }
}
