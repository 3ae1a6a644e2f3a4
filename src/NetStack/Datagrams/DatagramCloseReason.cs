namespace Keyhole.NetStack;

/// <summary>Why a UDP or echo flow ended.</summary>
public enum DatagramCloseReason
{
    /// <summary>The flow is open.</summary>
    None,

    /// <summary>Nothing went either way for its idle time.</summary>
    Idle,

    /// <summary>A newer flow needed its place.</summary>
    Evicted,

    /// <summary>The host closed it.</summary>
    Closed,

    /// <summary>The peer answered with an ICMP error: nobody listens for the replies any more.</summary>
    RefusedByPeer,

    /// <summary>The peer was removed.</summary>
    PeerRemoved,
}
