namespace Keyhole.WireGuard;

/// <summary>What the device wants to do at its next deadline.</summary>
public enum DeadlineReason
{
    None,
    /// <summary>Staged packets may leave: a session was established since.</summary>
    SendStaged,
    /// <summary>An initiation was not answered.</summary>
    RetransmitHandshake,
    /// <summary>Data was received and nothing was sent back for a while.</summary>
    SendKeepalive,
    /// <summary>Data was sent and nothing came back for a while.</summary>
    NewHandshake,
    /// <summary>The peer's persistent keepalive is due.</summary>
    PersistentKeepalive,
    /// <summary>The current session becomes too old to be used.</summary>
    ExpireSession,
    /// <summary>No session was derived for so long that all key material goes.</summary>
    ZeroKeyMaterial,
}
