using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>What the data path has shown, for people, for tests and for Control. On the data thread.</summary>
internal static class ConnectorStatus
{
    public static JsonObject Write(DataPath data, long now)
    {
        // First of all, so that what follows does not count.
        long allocated = data.AllocatedBytes;
        var counts = data.Site.Counts;
        var relays = new JsonArray();
        foreach (var relay in data.State.Registrations())
            relays.Add((JsonNode)StatusJson.Relay(relay, data.Streams, now));
        var denied = new JsonObject();
        foreach (var verdict in Enum.GetValues<AccessVerdict>().Where(verdict => verdict != AccessVerdict.Allowed))
            denied[StatusJson.Name(verdict)] = counts.Denied(verdict);
        var dropped = new JsonObject();
        foreach (var reason in Enum.GetValues<ConnectorDropReason>())
            dropped[StatusJson.Name(reason)] = data.State.DropCount(reason);
        var refused = new JsonObject();
        foreach (var reason in Enum.GetValues<WireGuard.DropReason>().Where(reason => reason != WireGuard.DropReason.None))
            refused[StatusJson.Name(reason)] = data.State.DropCount(reason);
        return new JsonObject
        {
            ["registered"] = data.State.IsRegistered,
            ["draining"] = data.State.IsDraining,
            ["enforcedRevision"] = data.State.Revision,
            ["relays"] = relays,
            ["clients"] = data.State.ClientCount,
            ["endToEndSessions"] = data.State.EndToEndCount(now),
            ["directPaths"] = data.State.DirectCount,
            ["flows"] = new JsonObject { ["tcp"] = counts.TcpOpen, ["udp"] = counts.UdpOpen, ["echo"] = counts.EchoOpen, ["cut"] = counts.Cut },
            ["denied"] = denied,
            ["dialFailures"] = counts.DialFailures,
            ["targetsRefused"] = counts.TargetsRefused,
            ["handlesExhausted"] = counts.HandlesExhausted,
            ["pingAvailable"] = data.Site.PingAvailable,
            ["dropped"] = dropped,
            ["wireGuardDropped"] = refused,
            ["dataPath"] = new JsonObject
            {
                ["packetsReceived"] = data.State.PacketsReceived,
                ["packetsSent"] = data.State.PacketsSent,
                ["allocatedBytes"] = allocated,
            },
        };
    }

    public static StatusMessage Report(DataPath data, long now)
    {
        var counts = data.Site.Counts;
        return new StatusMessage(data.State.IsDraining, counts.TcpOpen + counts.UdpOpen + counts.EchoOpen, StatusJson.Sessions(data.State.Registrations(), now));
    }
}
