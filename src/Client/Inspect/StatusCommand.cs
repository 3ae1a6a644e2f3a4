using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary><c>keyhole status</c>: a line per relay and site; connectors, which nobody chooses, only when asked for.</summary>
internal static class StatusCommand
{
    public static Command Create() => AgentProgram.StatusCommand(UpSettings.Data, ToText);

    internal static string ToText(JsonObject status, bool verbose)
    {
        bool isConnected = (bool?)status["control"]?["connected"] ?? false;
        string on = (string?)status["interface"] is { } name ? $" on {name}" : "";
        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"{(string?)status["program"]} {(string?)status["version"]}, {(string?)status["mode"] ?? "tun"}{on}")
            + string.Create(CultureInfo.InvariantCulture, $": {((bool?)status["ready"] == true ? "ready" : "not ready")}, revision {status["revision"]}, ")
            + $"Control {(isConnected ? "connected" : "not connected")}",
        ];
        foreach (var relay in Items(status, "relays"))
        {
            string reason = (string?)relay["transportReason"] is { } why ? $" ({why})" : "";
            lines.Add($"relay {(string?)relay["name"],-16} {(string?)relay["state"],-12} {(string?)relay["transport"] ?? "udp",-4} {(string?)relay["endpoint"]}{RoundTrip(relay)}{reason}");
        }

        foreach (var site in Items(status, "sites"))
        {
            var connectors = Items(site, "connectors").ToList();
            string reachable = (bool?)site["reachable"] == true ? (string?)site["path"] ?? "relayed" : "not reached";
            var best = connectors.FirstOrDefault(connector => (string?)connector["path"] == (string?)site["path"] && (bool?)connector["silent"] == false) ?? connectors.FirstOrDefault();
            lines.Add($"site  {(string?)site["name"],-16} {reachable,-12}{(best is null ? "" : Describe(best))}".TrimEnd());
            if (!verbose)
                continue;
            foreach (var connector in connectors)
                lines.Add($"  connector {(string?)connector["name"],-12} {ExplainCommand.Path(connector),-20} {(string?)connector["endpoint"]}{Describe(connector)}, MTU {connector["mtu"]}");
        }

        if ((string?)status["routeProblem"] is { } refusal)
            lines.Add($"routes {refusal}");
        foreach (var prefix in status["routesLeftOut"] as JsonArray ?? [])
            lines.Add($"routes {(string?)prefix} stays outside the tunnel: it holds the address of a relay or of Control");
        if ((string?)status["dns"]?["problem"] is { } problem)
            lines.Add($"names {problem}");
        return string.Concat(lines.Select(line => AgentProgram.Shown(line) + "\n"));
    }

    private static string Describe(JsonNode connector)
    {
        var text = new StringBuilder(RoundTrip(connector));
        if ((double?)connector["loss"] is { } loss)
            text.Append(CultureInfo.InvariantCulture, $", loss {loss * 100:F0} %");
        text.Append(CultureInfo.InvariantCulture, $", {Amount((long?)connector["bytesReceived"] ?? 0)} in, {Amount((long?)connector["bytesSent"] ?? 0)} out");
        text.Append((double?)connector["secondsSinceHandshake"] is { } since ? string.Create(CultureInfo.InvariantCulture, $", handshake {since:F0} s ago") : ", no handshake yet");
        return text.ToString();
    }

    private static string RoundTrip(JsonNode node) =>
        (double?)node["roundTripMilliseconds"] is { } trip ? string.Create(CultureInfo.InvariantCulture, $" {trip:F1} ms") : "";

    private static string Amount(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F0} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F0} GB"),
    };

    private static IEnumerable<JsonNode> Items(JsonNode node, string name) => (node[name] as JsonArray ?? []).OfType<JsonNode>();
}
