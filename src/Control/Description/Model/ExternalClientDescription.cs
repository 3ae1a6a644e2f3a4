using System.Net;

namespace Keyhole.Control;

internal sealed record ExternalClientDescription(
    string Name,
    string? PublicKey,
    IPAddress? Ipv4,
    IPAddress? Ipv6,
    ValueList<string> Dns,
    DateTimeOffset? Expires,
    bool Sealed);
