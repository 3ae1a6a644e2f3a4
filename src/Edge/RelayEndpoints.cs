using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>Endpoints of a relay as Control writes them: addresses, or names that are resolved here.</summary>
public static class RelayEndpoints
{
    /// <summary>Resolves the relays that have a name among their endpoints, and hands over what each has now, if anything.</summary>
    public static async Task ResolveAsync(IReadOnlyList<RelayRow> relays, Func<RelayRow, IReadOnlyList<IpEndpoint>, Task> resolved, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(relays);
        ArgumentNullException.ThrowIfNull(resolved);
        foreach (var relay in relays.Where(relay => relay.Endpoints.Any(text => !IpEndpoint.TryParse(text, out _))))
        {
            var endpoints = await ResolveAsync(relay.Endpoints, stop);
            if (endpoints.Count > 0)
                await resolved(relay, endpoints);
        }
    }

    /// <summary>Those that can be had now, in the order of the texts; a name that does not resolve gives none.</summary>
    private static async Task<IReadOnlyList<IpEndpoint>> ResolveAsync(IReadOnlyList<string> texts, CancellationToken stop)
    {
        var endpoints = new List<IpEndpoint>();
        foreach (string text in texts)
        {
            if (IpEndpoint.TryParse(text, out var literal))
            {
                endpoints.Add(literal);
                continue;
            }

            int colon = text.LastIndexOf(':');
            if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
                continue;
            try
            {
                foreach (var address in await Dns.GetHostAddressesAsync(text[..colon], stop))
                    endpoints.Add(new IpEndpoint(IpAddress.From(address), port));
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                // It has no address now; the next survey asks again.
            }
        }

        return [.. endpoints.Distinct()];
    }
}
