using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One relay as the connector has seen it. Instants are monotonic microseconds, null for never.</summary>
/// <param name="UnansweredTime">How long UDP had not been answered when TLS took over, in microseconds; 0 on UDP.</param>
/// <param name="StreamEndpoint">What stands for the TLS connection among endpoints; null when the relay takes nobody by TLS.</param>
/// <param name="TlsEndpoint">Where the relay is reached by TLS; null for not at all.</param>
/// <param name="TlsPin">SHA-256 of the SubjectPublicKeyInfo that the relay shows there, base64; null where its certificate is judged instead.</param>
/// <param name="Endpoints">As Control writes them: addresses, or names.</param>
/// <param name="Reflexive">The UDP address that the relay sees this agent at.</param>
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
    long Registrations,
    IReadOnlyList<string> Endpoints,
    RelayTransport Transport = RelayTransport.Udp,
    long UnansweredTime = 0,
    IpEndpoint? StreamEndpoint = null,
    string? TlsEndpoint = null,
    string? TlsPin = null,
    IpEndpoint? Reflexive = null);
