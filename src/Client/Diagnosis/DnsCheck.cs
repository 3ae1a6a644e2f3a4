using System.Net;
using System.Net.Sockets;
using Keyhole.Edge;

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
        var problems = await Task.WhenAll(names.Select(async name => (Name: name, Text: await ResolveAsync(name, stop))));
        string failed = string.Join("; ", problems.Where(problem => problem.Text is not null).Select(problem => $"{problem.Name} does not resolve: {problem.Text}"));
        if (failed.Length > 0)
            return new Finding("dns", Verdict.Failed, failed, "Check this machine's DNS servers; without them neither Control nor a relay with a name is found.");

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
        try
        {
            return (await HostLookup.AskAsync(name, stop).WaitAsync(Patience, stop)).Length > 0 ? null : "no address";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.HostNotFound ? "no such name" : e.Message;
        }
        catch (ArgumentException)
        {
            return "no such name";
        }
        catch (TimeoutException)
        {
            return "no answer";
        }
    }
}
