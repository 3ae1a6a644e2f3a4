using System.Text.Json.Nodes;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>What the data path has shown, for people, for tests and for Control. On the data thread.</summary>
internal static class ClientStatus
{
    public static JsonObject Write(ClientThread data, long now)
    {
        // First of all, so that what follows does not count.
        long allocated = data.AllocatedBytes;
        var relays = new JsonArray();
        foreach (var relay in data.State.Registrations())
            relays.Add((JsonNode)StatusJson.Relay(relay, data.Streams, now));
        var sites = new JsonArray();
        foreach (var site in data.State.Connectors(now).GroupBy(link => (link.Site, link.SiteName)))
            sites.Add((JsonNode)Site(site.Key.SiteName, [.. site], now));
        var dropped = new JsonObject();
        foreach (var reason in Enum.GetValues<ClientDropReason>())
            dropped[StatusJson.Name(reason)] = data.State.DropCount(reason);
        return new JsonObject
        {
            ["registered"] = data.State.IsRegistered,
            ["ready"] = data.State.IsReady(now),
            ["enforcedRevision"] = data.State.Revision,
            ["relays"] = relays,
            ["sites"] = sites,
            ["dropped"] = dropped,
            ["dataPath"] = new JsonObject
            {
                ["packetsReceived"] = data.State.PacketsReceived,
                ["packetsSent"] = data.State.PacketsSent,
                ["allocatedBytes"] = allocated,
            },
        };
    }

    public static StatusMessage Report(ClientThread data, long now) => new(false, 0, StatusJson.Sessions(data.State.Registrations(), now));

    public static void WriteMetrics(PrometheusText text, ClientThread data, long now)
    {
        text.Gauge("keyhole_client_registered", "1 while a relay answers.", data.State.IsRegistered ? 1 : 0);
        var links = data.State.Connectors(now);
        foreach (var path in Enum.GetValues<PathKind>())
            text.Gauge("keyhole_client_connectors", "Connectors with a session, by the way that their data takes.", links.Count(link => link.HasSession && link.Path == path), ("path", StatusJson.Name(path)));
        text.Counter("keyhole_client_lost_paths_total", "Direct paths that died in use.", links.Sum(link => link.LostPaths));
        StreamMetrics.Write(text, data.State.Registrations(), data.Streams);
        text.Counter("keyhole_client_packets_received_total", "Packets of connectors.", data.State.PacketsReceived);
        text.Counter("keyhole_client_packets_sent_total", "Packets to connectors.", data.State.PacketsSent);
    }

    /// <summary>A site is as good as its best connector.</summary>
    private static JsonObject Site(string name, IReadOnlyList<ConnectorLinkStatus> links, long now)
    {
        var connectors = new JsonArray();
        foreach (var link in links)
        {
            connectors.Add((JsonNode)new JsonObject
            {
                ["name"] = link.Name,
                ["publicKey"] = link.PublicKey.ToString(),
                ["path"] = StatusJson.Name(link.Path),
                ["endpoint"] = link.Endpoint?.ToString(),
                ["relay"] = link.Relay,
                ["lostPaths"] = link.LostPaths,
                ["mtu"] = link.Mtu,
                ["session"] = link.HasSession,
                ["silent"] = link.IsSilent,
                ["secondsSinceHandshake"] = StatusJson.Seconds(link.LastHandshakeAt, now),
                ["secondsSinceHeard"] = StatusJson.Seconds(link.LastHeardAt, now),
                ["roundTripMilliseconds"] = link.RoundTrip == 0 ? null : link.RoundTrip / 1000.0,
                ["loss"] = link.Loss is { } loss ? Math.Round(loss, 3) : null,
                ["bytesReceived"] = link.BytesReceived,
                ["bytesSent"] = link.BytesSent,
            });
        }

        return new JsonObject
        {
            ["name"] = name,
            ["reachable"] = links.Any(link => link.HasSession && !link.IsSilent),
            ["path"] = Best(links) is { } best ? StatusJson.Name(best) : null,
            ["connectors"] = connectors,
        };
    }

    private static PathKind? Best(IReadOnlyList<ConnectorLinkStatus> links) =>
        links.Where(link => link.HasSession && !link.IsSilent).Select(link => (PathKind?)link.Path).OrderDescending().FirstOrDefault();
}
