using System.Text.Json.Nodes;
using Keyhole.Contracts;
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
            relays.Add((JsonNode)Relay(relay, now));
        var denied = new JsonObject();
        foreach (var verdict in Enum.GetValues<AccessVerdict>().Where(verdict => verdict != AccessVerdict.Allowed))
            denied[Name(verdict)] = counts.Denied(verdict);
        var dropped = new JsonObject();
        foreach (var reason in Enum.GetValues<ConnectorDropReason>())
            dropped[Name(reason)] = data.State.DropCount(reason);
        return new JsonObject
        {
            ["registered"] = data.State.IsRegistered,
            ["draining"] = data.State.IsDraining,
            ["enforcedRevision"] = data.State.Revision,
            ["relays"] = relays,
            ["clients"] = data.State.ClientCount,
            ["flows"] = new JsonObject { ["tcp"] = counts.TcpOpen, ["udp"] = counts.UdpOpen, ["echo"] = counts.EchoOpen, ["cut"] = counts.Cut },
            ["denied"] = denied,
            ["dialFailures"] = counts.DialFailures,
            ["targetsRefused"] = counts.TargetsRefused,
            ["handlesExhausted"] = counts.HandlesExhausted,
            ["pingAvailable"] = data.Site.PingAvailable,
            ["dropped"] = dropped,
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
        long unixNow = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var sessions = data.State.Registrations().Where(relay => relay.PublicKey is not null).Select(relay => new SessionStatus(
            relay.PublicKey.ToString()!,
            relay.State == RegistrationState.Live,
            relay.Endpoint?.ToString(),
            relay.LastHandshakeAt is { } at ? unixNow - (now - at) / 1000 : null,
            relay.BytesReceived,
            relay.BytesSent));
        return new StatusMessage(data.State.IsDraining, counts.TcpOpen + counts.UdpOpen + counts.EchoOpen, [.. sessions]);
    }

    /// <summary>"NotGranted" becomes "notGranted".</summary>
    internal static string Name<T>(T value) where T : struct, Enum
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static JsonObject Relay(RegistrationStatus relay, long now) => new()
    {
        ["name"] = relay.Name,
        ["publicKey"] = relay.PublicKey?.ToString(),
        ["endpoint"] = relay.Endpoint?.ToString(),
        ["state"] = Name(relay.State),
        ["registrations"] = relay.Registrations,
        ["secondsSinceHandshake"] = Seconds(relay.LastHandshakeAt, now),
        ["secondsSinceHeard"] = Seconds(relay.LastHeardAt, now),
        ["roundTripMilliseconds"] = relay.RoundTrip == 0 ? null : relay.RoundTrip / 1000.0,
        ["bytesReceived"] = relay.BytesReceived,
        ["bytesSent"] = relay.BytesSent,
    };

    private static JsonNode? Seconds(long? at, long now) => at is { } instant ? Math.Round((now - instant) / 1e6, 1) : null;
}
