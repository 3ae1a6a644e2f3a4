namespace Keyhole.WireGuard;

/// <summary>What happened to a peer.</summary>
public enum DeviceEventKind
{
    /// <summary>A session can be used both ways.</summary>
    SessionEstablished,
    /// <summary>The peer's last session reached REJECT_AFTER_TIME and none replaced it.</summary>
    SessionExpired,
    /// <summary>Initiations were repeated for REKEY_ATTEMPT_TIME without an answer; staged packets were dropped.</summary>
    HandshakeGaveUp,
    /// <summary>All key material of the peer's sessions was zeroed.</summary>
    KeysZeroed,
}
