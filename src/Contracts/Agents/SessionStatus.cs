using System.Text.Json.Serialization;

namespace Keyhole.Contracts;

/// <summary>One WireGuard session as the data path has shown it.</summary>
/// <param name="PublicKey">Of the other end, base64.</param>
/// <param name="Live">An authenticated packet arrived within the time that the session promises one.</param>
/// <param name="Endpoint">Where the other end was last heard from, or null.</param>
/// <param name="LastHandshakeAt">Milliseconds since 1970-01-01 UTC, or null for never.</param>
/// <param name="BytesReceived">Authenticated bytes since the program started.</param>
/// <param name="BytesSent">Sealed bytes since the program started.</param>
/// <param name="Contest">Null unless two devices use the key of the other end.</param>
public sealed record SessionStatus(
    string PublicKey,
    bool Live,
    string? Endpoint,
    long? LastHandshakeAt,
    long BytesReceived,
    long BytesSent,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SessionContest? Contest = null);
