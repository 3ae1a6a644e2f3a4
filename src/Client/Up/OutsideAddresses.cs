using Keyhole.Edge;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>Whom the client itself reaches, past the tunnel, as far as their names are known now: a prefix with one of them leads past it, too.</summary>
/// <param name="Relays">By UDP and by TLS.</param>
internal sealed record OutsideAddresses(IReadOnlyCollection<IpAddress> Relays, IReadOnlyCollection<IpAddress> Control)
{
    /// <summary>The hosts that are connected to, names and addresses: in the place of some the HTTP proxy that the environment names.</summary>
    public static IEnumerable<string> HostsOf(ClientRoster roster, IReadOnlyList<Uri> control) => RelaysOf(roster).Concat(control.Select(RelayDialer.HostFor));

    public static OutsideAddresses Of(ClientRoster roster, IReadOnlyList<Uri> control, HostLookup hosts) => new(
        [.. RelaysOf(roster).SelectMany(hosts.Of).Distinct()],
        [.. control.SelectMany(endpoint => hosts.Of(RelayDialer.HostFor(endpoint))).Distinct()]);

    private static IEnumerable<string> RelaysOf(ClientRoster roster)
    {
        foreach (var relay in roster.Relays)
        {
            foreach (string endpoint in relay.Endpoints)
            {
                if (RelayEndpoints.TryParse(endpoint, out string host, out _))
                    yield return host;
            }

            foreach (string endpoint in relay.Tls?.Endpoints ?? [])
            {
                if (RelayEndpoints.TryParse(endpoint, out string host, out ushort port))
                    yield return RelayDialer.HostFor(RelayDialer.UriOf(host, port));
            }
        }
    }
}
