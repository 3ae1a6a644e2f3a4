using System.Text.Json.Nodes;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>What the data path has shown, for the status command and for Control.</summary>
internal static class RelayStatus
{
    public static JsonObject Describe(RelaySnapshot snapshot, IpEndpoint local) => new()
    {
        ["registered"] = snapshot.HasTable,
        ["listen"] = local.ToString(),
        ["gateway"] = snapshot.IsGateway,
        ["flows"] = snapshot.FlowCount,
        ["forwarded"] = new JsonObject { ["packets"] = snapshot.ForwardedCount, ["bytes"] = snapshot.ForwardedBytes },
        ["blind"] = new JsonObject
        {
            ["packets"] = snapshot.Threads.Sum(thread => thread.ForwardedCount) + (snapshot.Tls?.ForwardedCount ?? 0),
            ["bytes"] = snapshot.Threads.Sum(thread => thread.ForwardedBytes) + (snapshot.Tls?.ForwardedBytes ?? 0),
            ["entries"] = snapshot.EntryCount,
        },
        ["introductions"] = snapshot.IntroductionCount,
        ["names"] = new JsonObject
        {
            ["answered"] = snapshot.NameCounts.Answered,
            ["refused"] = snapshot.NameCounts.Refused,
            ["forwarded"] = snapshot.NameCounts.Forwarded,
            ["failed"] = snapshot.NameCounts.Failed,
        },
        ["dataPath"] = new JsonObject
        {
            ["packetsReceived"] = snapshot.Threads.Sum(thread => thread.Socket.ReceivedDatagrams),
            ["packetsSent"] = snapshot.Threads.Sum(thread => thread.Socket.SentDatagrams),
            ["allocatedBytes"] = snapshot.Threads.Sum(thread => thread.AllocatedBytes),
            ["collections"] = new JsonArray([.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => (JsonNode)GC.CollectionCount(generation))]),
            ["threads"] = new JsonArray([.. snapshot.Threads.Select(Describe)]),
        },
        ["tls"] = snapshot.Tls is { } tls ? Describe(tls) : null,
        ["sessions"] = new JsonArray([.. snapshot.Agents.Select(agent => (JsonNode)Describe(agent, snapshot.Now))]),
        ["drops"] = Describe(snapshot.Drops),
    };

    private static JsonObject Describe(RelayAgentStatus agent, long now) => new()
    {
        ["name"] = agent.Name,
        ["kind"] = agent.Kind.ToString(),
        ["publicKey"] = agent.PublicKey,
        ["endpoint"] = agent.Address?.ToString(),
        ["transport"] = agent.Address is { Address.IsDiscardOnly: true } ? "tls" : "udp",
        ["live"] = agent.IsLive,
        ["lastHandshakeSeconds"] = Seconds(now - agent.LastHandshakeAt),
        ["lastHeardSeconds"] = Seconds(now - agent.LastReceivedAt),
        ["receivedBytes"] = agent.ReceivedBytes,
        ["sentBytes"] = agent.SentBytes,
        ["flows"] = agent.FlowCount,
        ["contest"] = agent.Contest is { } contest
            ? new JsonObject { ["addresses"] = new JsonArray(contest.First.ToString(), contest.Second.ToString()), ["seconds"] = Seconds(now - contest.At) }
            : null,
    };

    /// <summary>"kernelDropped" came while the receive buffer was full; "sendDropped" met a full send buffer, "sendRefused" another refusal.</summary>
    private static JsonNode Describe(ThreadSnapshot thread) => new JsonObject
    {
        ["packetsReceived"] = thread.Socket.ReceivedDatagrams,
        ["bytesReceived"] = thread.Socket.ReceivedBytes,
        ["packetsSent"] = thread.Socket.SentDatagrams,
        ["bytesSent"] = thread.Socket.SentBytes,
        ["packetsPerReceive"] = Math.Round(thread.BatchFill, 2),
        ["blindPackets"] = thread.ForwardedCount,
        ["blindBytes"] = thread.ForwardedBytes,
        ["blindDrops"] = Describe(thread.Drops),
        ["kernelDropped"] = thread.Socket.Overflowed,
        ["sendDropped"] = thread.Socket.SendDropped,
        ["sendRefused"] = thread.Socket.SendRefused,
        ["receiveQueueBytes"] = thread.Socket.ReceiveQueueLength,
        ["sendQueueBytes"] = thread.Socket.SendQueueLength,
        ["allocatedBytes"] = thread.AllocatedBytes,
    };

    private static JsonObject Describe(TlsSnapshot tls) => new()
    {
        ["listen"] = tls.Listen,
        ["connections"] = tls.ConnectionCount,
        ["agents"] = tls.StreamCount,
        ["packetsReceived"] = tls.ReceivedCount,
        ["packetsSent"] = tls.SentCount,
        ["dropped"] = tls.DroppedCount,
        ["gone"] = tls.GoneCount,
        ["events"] = Describe(tls.Events),
    };

    private static JsonObject Describe(IEnumerable<(string Reason, long Count)> drops) =>
        new(drops.Where(drop => drop.Count > 0).Select(drop => KeyValuePair.Create(drop.Reason, (JsonNode?)drop.Count)));

    private static double? Seconds(long? microseconds) => microseconds is { } value ? Math.Round(value / 1e6, 1) : null;
}
