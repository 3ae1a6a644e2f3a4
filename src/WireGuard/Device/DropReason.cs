namespace Keyhole.WireGuard;

/// <summary>Why a datagram or packet went no further. Each is a counter of the device (<see cref="Device.DropCount"/>).</summary>
public enum DropReason
{
    None,
    /// <summary>Shorter than any message, unknown type, reserved bytes set, or a length that its type cannot have.</summary>
    Malformed,
    /// <summary>mac1 does not verify under our public key.</summary>
    Mac1,
    /// <summary>Under load and without a valid mac2: a cookie reply was sent instead.</summary>
    CookieRequired,
    /// <summary>Under load and the source has used up its share of handshakes.</summary>
    RateLimited,
    /// <summary>A public key in the handshake is of low order.</summary>
    LowOrderKey,
    /// <summary>Authentication failed: wrong key, wrong preshared key, or a damaged datagram.</summary>
    Unauthentic,
    /// <summary>An initiation of a public key that no peer has.</summary>
    UnknownPeer,
    /// <summary>An initiation whose TAI64N label is not greater than the greatest seen.</summary>
    TimestampReplayed,
    /// <summary>An initiation too soon after the one before.</summary>
    InitiationTooSoon,
    /// <summary>An initiation that crossed ours, which wins.</summary>
    InitiationCrossed,
    /// <summary>The receiver index is not one of ours, or not one that such a message may name.</summary>
    UnknownIndex,
    /// <summary>A cookie reply that answers nothing that we sent.</summary>
    UnexpectedCookie,
    /// <summary>The session is older than REJECT_AFTER_TIME.</summary>
    SessionExpired,
    /// <summary>The counter is not below REJECT_AFTER_MESSAGES.</summary>
    CounterExhausted,
    /// <summary>The counter was seen before, or lies behind the replay window.</summary>
    CounterReplayed,
    /// <summary>The opened packet is no IP packet: its header is short or its length exceeds what was sealed.</summary>
    InnerMalformed,
    /// <summary>The inner source address is not among the peer's allowed IPs.</summary>
    SourceNotAllowed,
    /// <summary>No session, and the peer's staged packets or the device's share of them are full.</summary>
    StagedFull,
    /// <summary>Staged, and the peer was given up before a session came.</summary>
    HandshakeGaveUp,
    /// <summary>No session, and no handshake that could be started: the peer has no endpoint, or is only to be answered.</summary>
    NoEndpoint,
    /// <summary>No index could be found that the owner accepts.</summary>
    NoIndex,
}
