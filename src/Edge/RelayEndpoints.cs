using System.Globalization;
using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>Endpoints of a relay as Control writes them: addresses, or names that are looked up here.</summary>
public static class RelayEndpoints
{
    /// <summary>The names among the relays' endpoints.</summary>
    public static IEnumerable<string> NamesOf(IEnumerable<RelayRow> relays) =>
        relays.SelectMany(relay => relay.Endpoints).Where(text => !IpEndpoint.TryParse(text, out _)).Select(text => TryParse(text, out string host, out _) ? host : "").Where(host => host.Length > 0);

    /// <summary>The relays that have a name among their endpoints, and the endpoints that are known now: those with at least one.</summary>
    public static IEnumerable<(int Relay, IReadOnlyList<IpEndpoint> Endpoints)> Named(IEnumerable<RelayRow> relays, HostLookup hosts)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        foreach (var relay in relays.Where(relay => relay.Endpoints.Any(text => !IpEndpoint.TryParse(text, out _))))
        {
            IReadOnlyList<IpEndpoint> endpoints = [.. relay.Endpoints.SelectMany(text => Of(text, hosts)).Distinct()];
            if (endpoints.Count > 0)
                yield return (relay.Id, endpoints);
        }
    }

    /// <summary>Takes HOST:PORT apart, an IPv6 address without its brackets.</summary>
    public static bool TryParse(string text, out string host, out ushort port)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.LastIndexOf(':');
        host = text[..Math.Max(colon, 0)].Trim('[', ']');
        return ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && host.Length > 0;
    }

    private static IEnumerable<IpEndpoint> Of(string text, HostLookup hosts)
    {
        if (IpEndpoint.TryParse(text, out var literal))
            return [literal];
        return TryParse(text, out string host, out ushort port) ? hosts.Of(host).Select(address => new IpEndpoint(address, port)) : [];
    }
}
