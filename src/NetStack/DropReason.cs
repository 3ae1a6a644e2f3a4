namespace Keyhole.NetStack;

/// <summary>Why an incoming packet had no effect. Each value is a counter in <see cref="StackCounters"/>.</summary>
public enum DropReason
{
    /// <summary>Not an IP packet that carries TCP, or an ICMP error about one.</summary>
    Malformed,

    /// <summary>The TCP or ICMP checksum is wrong.</summary>
    Checksum,

    /// <summary>No flow has these addresses and ports; answered with RST unless it was one.</summary>
    NoFlow,

    /// <summary>The flow belongs to another peer.</summary>
    WrongPeer,

    /// <summary>Outside the receive window (RFC 9293 section 3.10.7.4); answered with an ACK.</summary>
    Unacceptable,

    /// <summary>A timestamp older than the last (RFC 7323 section 5).</summary>
    Paws,

    /// <summary>RST inside the window but not exact (RFC 5961 section 3).</summary>
    ChallengedReset,

    /// <summary>SYN in a synchronised state (RFC 5961 section 4).</summary>
    ChallengedSyn,

    /// <summary>Acknowledges what was never sent, or what is too old (RFC 5961 section 5).</summary>
    UnacceptableAck,

    /// <summary>The peer's token bucket for SYNs is empty.</summary>
    SynRate,

    /// <summary>Too many SYNs wait for the host.</summary>
    PendingLimit,

    /// <summary>Too many flows of the peer or in all.</summary>
    FlowLimit,

    /// <summary>No buffer memory was left for it; the peer will send it again.</summary>
    BufferBudget,

    /// <summary>More holes than the out-of-order store keeps.</summary>
    TooManyHoles,

    /// <summary>An ICMP error that quotes nothing this flow has in flight.</summary>
    ForeignIcmp,

    /// <summary>Late segment of a connection in TIME-WAIT; answered with an ACK.</summary>
    TimeWait,
}
