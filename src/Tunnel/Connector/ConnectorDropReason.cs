namespace Keyhole.Tunnel;

/// <summary>Why a datagram or packet went nowhere at the connector's door. Each value is a counter.</summary>
public enum ConnectorDropReason
{
    /// <summary>A datagram that does not come from a relay of ours. Nothing is answered.</summary>
    UnknownSource,

    /// <summary>What the WireGuard device refused: see its own counters.</summary>
    WireGuard,

    /// <summary>A control message that is malformed or not valid here.</summary>
    Control,

    /// <summary>Through a relay only clients in gateway mode are heard, and only those that were granted something here.</summary>
    UnknownClient,

    /// <summary>A packet for a client whose relay session was gone.</summary>
    NoSession,
}
