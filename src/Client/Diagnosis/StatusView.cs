using System.Net;
using System.Text.Json;
using Keyhole.Edge;

namespace Keyhole.Client;

/// <summary>What a diagnosis takes from the status of the running client. Members that a version does not have are missing, never wrong.</summary>
internal sealed class StatusView
{
    private StatusView()
    {
    }

    public Uri? Control { get; private init; }

    public bool IsControlConnected { get; private init; }

    /// <summary>Of the table in force; 0 for none.</summary>
    public long Revision { get; private init; }

    public bool IsReady { get; private init; }

    public IReadOnlyList<RelayView> Relays { get; private init; } = [];

    /// <summary>Paths to the connectors: "direct", "local", "relayed".</summary>
    public IReadOnlyList<string> Paths { get; private init; } = [];

    /// <summary>A granted name without wildcards, while the client answers for names; null for none.</summary>
    public string? Name { get; private init; }

    public static StatusView From(JsonElement status)
    {
        var control = Member(status, "control");
        return new StatusView
        {
            Control = Text(control, "endpoint") is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) ? uri : null,
            IsControlConnected = Flag(control, "connected"),
            Revision = Member(status, "revision") is { ValueKind: JsonValueKind.Number } revision && revision.TryGetInt64(out long number) ? number : 0,
            IsReady = Flag(status, "ready"),
            Relays = [.. Items(status, "relays").Select(relay => new RelayView(
                Text(relay, "name") ?? "?",
                Text(relay, "state") ?? "?",
                Text(relay, "transport") ?? "udp",
                [.. Items(relay, "endpoints").Where(text => text.ValueKind == JsonValueKind.String).Select(text => HostOf(text.GetString()!)).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)],
                IPEndPoint.TryParse(Text(relay, "endpoint") ?? "", out var at) ? at : null,
                IPEndPoint.TryParse(Text(relay, "seenAs") ?? "", out var seen) ? seen : null,
                Text(relay, "tlsEndpoint"),
                Text(relay, "tlsPin"),
                Member(relay, "roundTripMilliseconds") is { ValueKind: JsonValueKind.Number } trip ? trip.GetDouble() : null))],
            Paths = [.. Items(status, "sites").SelectMany(site => Items(site, "connectors")).Select(connector => Text(connector, "path")).OfType<string>()],
            Name = Text(Member(status, "dns"), "server") is null ? null : Items(Member(status, "dns"), "names").Where(name => name.ValueKind == JsonValueKind.String)
                .Select(name => name.GetString()).FirstOrDefault(name => name is not null && name.AsSpan().IndexOfAny('*', '?') < 0),
        };
    }

    /// <summary>The name in HOST:PORT; null for an address.</summary>
    private static string? HostOf(string endpoint) =>
        RelayEndpoints.TryParse(endpoint, out string host, out _) && !IPAddress.TryParse(host, out _) ? host : null;

    private static JsonElement? Member(JsonElement? value, string name) =>
        value is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var member) ? member : null;

    private static string? Text(JsonElement? value, string name) => Member(value, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static bool Flag(JsonElement? value, string name) => Member(value, name) is { ValueKind: JsonValueKind.True };

    private static JsonElement.ArrayEnumerator Items(JsonElement? value, string name) => Member(value, name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : default;
}
