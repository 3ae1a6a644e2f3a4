using System.Globalization;
using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Tunnel;

namespace Keyhole.Edge;

/// <summary>What the status of connector and client have in common.</summary>
public static class StatusJson
{
    public static JsonObject Relay(RegistrationStatus relay, RelayStreams streams, long now)
    {
        ArgumentNullException.ThrowIfNull(relay);
        ArgumentNullException.ThrowIfNull(streams);
        bool isTls = relay.Transport == RelayTransport.Tls;
        return new JsonObject
        {
            ["name"] = relay.Name,
            ["publicKey"] = relay.PublicKey?.ToString(),
            ["endpoints"] = new JsonArray([.. relay.Endpoints.Select(text => (JsonNode)text)]),
            ["endpoint"] = isTls ? relay.TlsEndpoint : relay.Endpoint?.ToString(),
            ["transport"] = Name(relay.Transport),
            ["transportReason"] = isTls ? UnansweredText(relay) : null,
            ["tlsFailure"] = relay.StreamEndpoint is { } stream ? streams.FailureOf(stream) : null,
            ["tlsEndpoint"] = relay.TlsEndpoint,
            ["tlsPin"] = relay.TlsPin,
            ["seenAs"] = relay.Reflexive?.ToString(),
            ["state"] = Name(relay.State),
            ["registrations"] = relay.Registrations,
            ["secondsSinceHandshake"] = Seconds(relay.LastHandshakeAt, now),
            ["secondsSinceHeard"] = Seconds(relay.LastHeardAt, now),
            ["roundTripMilliseconds"] = relay.RoundTrip == 0 ? null : relay.RoundTrip / 1000.0,
            ["bytesReceived"] = relay.BytesReceived,
            ["bytesSent"] = relay.BytesSent,
        };
    }

    /// <summary>Why a relay is reached by TLS: "UDP unanswered for 3 s".</summary>
    public static string UnansweredText(RegistrationStatus relay)
    {
        ArgumentNullException.ThrowIfNull(relay);
        return string.Create(CultureInfo.InvariantCulture, $"UDP unanswered for {relay.UnansweredTime / 1e6:F0} s");
    }

    /// <summary>The relays as Control is told of them.</summary>
    public static IReadOnlyList<SessionStatus> Sessions(IReadOnlyList<RegistrationStatus> relays, long now)
    {
        long unixNow = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return
        [
            .. relays.Where(relay => relay.PublicKey is not null).Select(relay => new SessionStatus(
                relay.PublicKey.ToString()!,
                relay.State == RegistrationState.Live,
                relay.Transport == RelayTransport.Tls ? relay.TlsEndpoint : relay.Endpoint?.ToString(),
                relay.LastHandshakeAt is { } at ? unixNow - (now - at) / 1000 : null,
                relay.BytesReceived,
                relay.BytesSent)),
        ];
    }

    /// <summary>"NotGranted" becomes "notGranted".</summary>
    public static string Name<T>(T value) where T : struct, Enum
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    /// <summary>Seconds since an instant of the monotonic clock, to a tenth; null for never.</summary>
    public static JsonNode? Seconds(long? at, long now) => at is { } instant ? Math.Round((now - instant) / 1e6, 1) : null;
}
