namespace Keyhole.WireGuard;

/// <summary>The deadlines of one peer, in microseconds of the device's clock; <see cref="long.MaxValue"/> when not set.</summary>
internal struct PeerTimers
{
    public long SendStagedAt;
    public long RetransmitHandshakeAt;
    public long SendKeepaliveAt;
    public long NewHandshakeAt;
    public long PersistentKeepaliveAt;
    public long ExpireSessionAt;
    public long ZeroKeyMaterialAt;

    /// <summary>Data came in while a passive keepalive was already due: another one follows it.</summary>
    public bool NeedAnotherKeepalive;

    /// <summary>This session was already renewed because of its age at reception.</summary>
    public bool SentLastMinuteHandshake;

    /// <summary>Initiations of the current round after the first.</summary>
    public int HandshakeAttempts;

    /// <summary>When the current round of initiations began.</summary>
    public long FirstInitiationAt;

    public PeerTimers()
    {
        SendStagedAt = RetransmitHandshakeAt = SendKeepaliveAt = NewHandshakeAt = long.MaxValue;
        PersistentKeepaliveAt = ExpireSessionAt = ZeroKeyMaterialAt = long.MaxValue;
    }

    public readonly bool HandshakeInProgress => RetransmitHandshakeAt != long.MaxValue;

    public readonly long Earliest => Math.Min(
        Math.Min(Math.Min(SendStagedAt, RetransmitHandshakeAt), Math.Min(SendKeepaliveAt, NewHandshakeAt)),
        Math.Min(Math.Min(PersistentKeepaliveAt, ExpireSessionAt), ZeroKeyMaterialAt));

    public readonly DeadlineReason EarliestReason
    {
        get
        {
            long earliest = Earliest;
            return earliest == long.MaxValue ? DeadlineReason.None
                : earliest == SendStagedAt ? DeadlineReason.SendStaged
                : earliest == RetransmitHandshakeAt ? DeadlineReason.RetransmitHandshake
                : earliest == SendKeepaliveAt ? DeadlineReason.SendKeepalive
                : earliest == NewHandshakeAt ? DeadlineReason.NewHandshake
                : earliest == PersistentKeepaliveAt ? DeadlineReason.PersistentKeepalive
                : earliest == ExpireSessionAt ? DeadlineReason.ExpireSession
                : DeadlineReason.ZeroKeyMaterial;
        }
    }
}
