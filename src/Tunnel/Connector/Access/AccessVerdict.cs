namespace Keyhole.Tunnel;

/// <summary>Whether a packet may enter the site, and the reason when not. Counted, never logged.</summary>
public enum AccessVerdict
{
    Allowed,

    /// <summary>No client has this source address, or it was granted nothing here.</summary>
    UnknownClient,

    /// <summary>No granted resource covers the destination.</summary>
    NotGranted,

    /// <summary>Granted resources cover the destination, and none opens this protocol or port.</summary>
    PortNotGranted,

    /// <summary>Neither TCP nor UDP nor ICMP echo.</summary>
    ProtocolNotCarried,
}
