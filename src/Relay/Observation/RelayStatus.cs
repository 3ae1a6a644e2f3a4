using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>What the data path has shown, for the status command and for Control.</summary>
internal static class RelayStatus
{
    public static JsonObject Describe(RelaySnapshot snapshot, RelayLoop loop)
    {
        var socket = loop.Counters;
        return new JsonObject
        {
            ["registered"] = snapshot.HasTable,
            ["listen"] = loop.Local.ToString(),
            ["gateway"] = snapshot.IsGateway,
            ["flows"] = snapshot.FlowCount,
            ["forwarded"] = new JsonObject { ["packets"] = snapshot.ForwardedCount, ["bytes"] = snapshot.ForwardedBytes },
            ["dataPath"] = new JsonObject
            {
                ["packetsReceived"] = socket.ReceivedDatagrams,
                ["packetsSent"] = socket.SentDatagrams,
                ["allocatedBytes"] = snapshot.AllocatedBytes,
            },
            ["sessions"] = new JsonArray([.. snapshot.Agents.Select(agent => (JsonNode)Describe(agent, snapshot.Now))]),
            ["drops"] = new JsonObject(snapshot.Drops.Where(drop => drop.Count > 0).Select(drop => KeyValuePair.Create(drop.Reason, (JsonNode?)drop.Count))),
        };
    }

    /// <param name="unixAtZero">Unix microseconds at the zero of the monotonic clock.</param>
    public static StatusMessage Report(RelaySnapshot snapshot, long unixAtZero) => new(
        Draining: false,
        snapshot.FlowCount,
        [
            .. snapshot.Agents.Where(agent => agent.LastHandshakeAt.HasValue).Select(agent => new SessionStatus(
                agent.PublicKey,
                agent.IsLive,
                agent.Address?.ToString(),
                (agent.LastHandshakeAt + unixAtZero) / 1000,
                agent.ReceivedBytes,
                agent.SentBytes)),
        ]);

    private static JsonObject Describe(RelayAgentStatus agent, long now) => new()
    {
        ["name"] = agent.Name,
        ["kind"] = agent.Kind.ToString(),
        ["publicKey"] = agent.PublicKey,
        ["endpoint"] = agent.Address?.ToString(),
        ["live"] = agent.IsLive,
        ["lastHandshakeSeconds"] = Seconds(now - agent.LastHandshakeAt),
        ["lastHeardSeconds"] = Seconds(now - agent.LastReceivedAt),
        ["receivedBytes"] = agent.ReceivedBytes,
        ["sentBytes"] = agent.SentBytes,
        ["flows"] = agent.FlowCount,
    };

    private static double? Seconds(long? microseconds) => microseconds is { } value ? Math.Round(value / 1e6, 1) : null;
}
