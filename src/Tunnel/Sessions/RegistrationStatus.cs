using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One relay as the connector has seen it. Instants are monotonic microseconds, null for never.</summary>
public sealed record RegistrationStatus(
    int Relay,
    string Name,
    PublicKey? PublicKey,
    RegistrationState State,
    IpEndpoint? Endpoint,
    long? LastHandshakeAt,
    long? LastHeardAt,
    long RoundTrip,
    long BytesReceived,
    long BytesSent,
    long Registrations);
