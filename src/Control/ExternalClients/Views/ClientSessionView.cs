namespace Keyhole.Control;

/// <summary>A session of an external client, as its relay told it; of several relays the one with the newest handshake.</summary>
/// <param name="Live">Null while the relay is not connected: what it told last may not hold any more.</param>
/// <param name="Endpoint">Where the client was last proven to be.</param>
/// <param name="BytesReceived">From the client, since the relay started.</param>
/// <param name="BytesSent">To the client, since the relay started.</param>
/// <param name="Contest">Null unless two devices use the configuration.</param>
internal sealed record ClientSessionView(
    string Relay,
    bool? Live,
    string? Endpoint,
    DateTimeOffset? LastHandshakeAt,
    long BytesReceived,
    long BytesSent,
    ContestView? Contest);
