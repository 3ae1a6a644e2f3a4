namespace Keyhole.Tunnel;

/// <summary>Why a client's datagram or packet went nowhere.</summary>
public enum ClientDropReason
{
    /// <summary>A datagram that came from no relay.</summary>
    UnknownSource,

    /// <summary>The WireGuard device refused it; see its own counters.</summary>
    WireGuard,

    /// <summary>A control message that is malformed, unexpected, or of the other kind of session.</summary>
    Control,

    /// <summary>A packet of a connector from an address that its site does not answer for.</summary>
    ForeignSource,

    /// <summary>A packet of a connector to an address that is not this client's.</summary>
    ForeignDestination,

    /// <summary>A packet that is malformed, or that says it comes from an address that is not this client's.</summary>
    Malformed,

    /// <summary>A packet to an address that was not granted.</summary>
    NotGranted,

    /// <summary>No connector of the site can be reached.</summary>
    NoConnector,

    /// <summary>No session yet, and too many packets wait for one.</summary>
    NoSession,

    /// <summary>Longer than the way to the connector carries.</summary>
    TooLarge,
}
