using System.Globalization;
using System.Net;

namespace Keyhole.Client;

/// <summary>What the running client's own traffic has shown of the network that it is in.</summary>
internal static class NetworkChecks
{
    /// <summary>Whether UDP reaches the relays.</summary>
    public static Finding Udp(StatusView? client)
    {
        if (client is null)
            return new Finding("udp", Verdict.Unknown, "no client is heard, and only its handshake makes a relay answer", "Start 'keyhole up', then run this again.");
        if (client.Relays.Count == 0)
            return new Finding("udp", Verdict.Unknown, "Control has named no relay yet");
        var live = client.Relays.Where(relay => relay is { IsLive: true, Transport: "udp" }).ToList();
        if (live.Count > 0)
        {
            return new Finding("udp", live.Count == client.Relays.Count ? Verdict.Fine : Verdict.Limited,
                string.Join("; ", client.Relays.Select(relay => live.Contains(relay) ? Describe(relay) : Blame(relay))));
        }

        var asked = client.Relays.Where(relay => relay.Endpoint is not null).ToList();
        if (asked.Count == 0)
            return new Finding("udp", Verdict.Failed, string.Join("; ", client.Relays.Select(Blame)), "Without an address no relay is asked: see 'dns', and whether the relay was started. The client looks again by itself.");
        string ports = string.Join(", ", asked.Select(relay => relay.Endpoint));
        return client.Relays.Any(relay => relay.IsLive)
            ? new Finding("udp", Verdict.Limited, $"no answer from {ports}; the tunnel runs over TLS", "This network blocks UDP. Let UDP out to that port for direct paths and full speed.")
            : new Finding("udp", Verdict.Failed, $"no answer from {ports}", "Let UDP out to that port, or is the relay down? 'keyhole-relay status' on its machine tells.");
    }

    /// <summary>
    /// What stands between this machine and the internet, as far as relays have seen: RFC 4787's mapping behaviour, which needs two relays to be told apart.
    /// </summary>
    /// <param name="own">This machine's addresses.</param>
    public static Finding Nat(StatusView? client, IReadOnlyCollection<IPAddress> own)
    {
        var seen = client?.Relays.Where(relay => relay is { IsLive: true, Transport: "udp", SeenAs: not null }).ToList() ?? [];
        if (seen.Count == 0)
            return new Finding("nat", Verdict.Unknown, "no relay has seen a datagram of a running client");
        string at = string.Join(", ", seen.Select(relay => relay.SeenAs).Distinct());
        if (seen.TrueForAll(relay => own.Contains(relay.SeenAs!.Address)))
            return new Finding("nat", Verdict.Fine, $"none: seen as {at}, an address of this machine's");
        var families = seen.GroupBy(relay => relay.SeenAs!.AddressFamily).ToList();
        if (families.Exists(family => family.Select(relay => relay.SeenAs).Distinct().Skip(1).Any()))
        {
            return new Finding("nat", Verdict.Limited, $"symmetric (address-dependent mapping): seen as {at} by different relays",
                "Direct paths only lead to networks that let anybody in. A router that maps ports (PCP, NAT-PMP) mends it.");
        }

        if (families.Exists(family => family.Count() > 1))
            return new Finding("nat", Verdict.Fine, $"endpoint-independent mapping: seen as {at} by several relays");
        return client!.Paths.Contains("direct")
            ? new Finding("nat", Verdict.Fine, $"seen as {at}; it lets direct paths through")
            : new Finding("nat", Verdict.Unknown, $"seen as {at}; one relay alone does not tell which kind, and no direct path has been found");
    }

    public static Finding Tunnel(StatusView client) => client switch
    {
        { IsReady: true } => new Finding("client", Verdict.Fine, client.Paths.Count == 0 ? "running; nothing was granted" : $"running; paths: {string.Join(", ", client.Paths.Distinct())}"),
        { IsControlConnected: false, Revision: > 0 } => new Finding("client", Verdict.Failed,
            string.Create(CultureInfo.InvariantCulture, $"running on its last table (revision {client.Revision}), and not every site is reached; Control is not connected"),
            "See 'control' below, 'keyhole logs', and 'keyhole status': which relay or connector is silent."),
        { IsControlConnected: false } => new Finding("client", Verdict.Failed, "running without a table: Control has not been reached", "See 'control' below, and 'keyhole logs'."),
        _ => new Finding("client", Verdict.Failed, "running, but not every site is reached", "See 'keyhole status': which relay or connector is silent."),
    };

    private static string Blame(RelayView relay) => relay switch
    {
        { Endpoint: not null } => $"{relay.Name} does not answer at {relay.Endpoint}",
        { Hosts.Count: > 0 } => $"{relay.Name} has no address: its name {string.Join(", ", relay.Hosts)} was not resolved",
        _ => $"{relay.Name} is not known yet: it has not told Control its key",
    };

    private static string Describe(RelayView relay) => relay.RoundTripMilliseconds is { } trip
        ? string.Create(CultureInfo.InvariantCulture, $"{relay.Name} answers at {relay.Endpoint} in {trip:F1} ms")
        : $"{relay.Name} answers at {relay.Endpoint}";
}
