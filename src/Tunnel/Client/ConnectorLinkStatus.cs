using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One connector as the client's data path has seen it. Instants are monotonic microseconds, null for never.</summary>
/// <param name="Loss">The share of the last pings on the path in use that nothing answered; null before there are any.</param>
/// <param name="Mtu">Bytes of the longest inner packet that the way in use was shown to carry.</param>
public sealed record ConnectorLinkStatus(
    int Site,
    string SiteName,
    int Connector,
    string Name,
    PublicKey PublicKey,
    bool HasSession,
    bool IsSilent,
    PathKind Path,
    IpEndpoint? Endpoint,
    string? Relay,
    long? LastHandshakeAt,
    long? LastHeardAt,
    long RoundTrip,
    double? Loss,
    long BytesReceived,
    long BytesSent,
    long LostPaths,
    int Mtu);
