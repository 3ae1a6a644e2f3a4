namespace Keyhole.NetStack;

/// <summary>Why a flow ended.</summary>
public enum CloseReason
{
    /// <summary>The flow is open.</summary>
    None,

    /// <summary>Both directions were closed by FIN and acknowledged.</summary>
    Finished,

    /// <summary>The peer sent RST.</summary>
    PeerReset,

    /// <summary>The peer refused an active open with RST.</summary>
    Refused,

    /// <summary>An ICMP error ended an active open.</summary>
    Unreachable,

    /// <summary>The host called Abort.</summary>
    Aborted,

    /// <summary>The peer acknowledged nothing for the time of <see cref="StackOptions.UserTimeout"/>, or never finished the handshake.</summary>
    TimedOut,

    /// <summary>The peer answered none of the keepalive probes.</summary>
    KeepaliveTimedOut,

    /// <summary>Nothing was carried for <see cref="TcpFlow.IdleTimeout"/>.</summary>
    IdleLimit,

    /// <summary><see cref="TcpFlow.ExpiresAt"/> was reached.</summary>
    Expired,

    /// <summary>The peer was removed from the stack.</summary>
    PeerRemoved,

    /// <summary>Data arrived after the host had closed both directions (RFC 1122 section 4.2.2.13).</summary>
    DataAfterClose,
}
