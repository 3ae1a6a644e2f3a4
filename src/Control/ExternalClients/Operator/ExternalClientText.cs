using System.Globalization;

namespace Keyhole.Control;

/// <summary>External clients in words.</summary>
internal static class ExternalClientText
{
    /// <summary>What is the matter with the client, in one line.</summary>
    public static string Summary(ExternalClientView client, DateTimeOffset now) => string.Join(", ", Parts(client, now));

    /// <summary>All that is known, in one line each.</summary>
    public static IEnumerable<string> Details(ExternalClientView client, DateTimeOffset now)
    {
        yield return client.Name;
        yield return $"  state      {State(client)}";
        yield return $"  addresses  {string.Join(", ", client.Addresses)}";
        yield return $"  names      {(client.Dns.Count == 0 ? "the relay's name server" : string.Join(", ", client.Dns))}";
        yield return $"  key        {client.KeySource}{(client.PublicKey is { } key ? $" {key}" : "")}";
        if (client.Sealed)
            yield return "  mode       sealed";
        if (client.Config is { } config)
        {
            yield return $"  config     shown {config.ShownAt:u}";
            foreach (string reason in config.Outdated)
                yield return $"  outdated   {reason}";
        }

        if (client.Session is not { } session)
            yield break;
        yield return $"  session    {Session(session, now)}";
        yield return string.Create(CultureInfo.InvariantCulture, $"  traffic    {session.BytesReceived} bytes received, {session.BytesSent} bytes sent, by {session.Relay} since it started");
        if (session.Contest is { } contest)
            yield return $"  warning    {Contest(contest)}";
    }

    private static IEnumerable<string> Parts(ExternalClientView client, DateTimeOffset now)
    {
        yield return string.Join(", ", client.Addresses);
        if (State(client) is not "enabled" and var state)
            yield return state;
        else if (client.KeySource == "none")
            yield return "no keys yet";
        if (client.Session is { } session)
            yield return Session(session, now);
        if (client.Config is { Outdated.Count: > 0 })
            yield return "config outdated";
        if (client.Session?.Contest is { } contest)
            yield return Contest(contest);
    }

    private static string State(ExternalClientView client) =>
        client.Expired ? $"expired {client.Expires:u}" : !client.Enabled ? "disabled" : client.Expires is { } expires ? $"enabled until {expires:u}" : "enabled";

    private static string Session(ClientSessionView session, DateTimeOffset now)
    {
        string state = session.Live switch { true => "live", false => "not live", null => $"unknown: {session.Relay} is not connected" };
        string at = session.Endpoint is { } endpoint ? $" at {endpoint}" : "";
        string handshake = session.LastHandshakeAt is { } last ? string.Create(CultureInfo.InvariantCulture, $", last handshake {Math.Max(0, (now - last).TotalSeconds):F0} s ago") : "";
        return state + at + handshake;
    }

    private static string Contest(ContestView contest) =>
        $"two devices use this configuration, {string.Join(" and ", contest.Addresses)}: each needs one of its own";
}
