namespace Keyhole.Net;

/// <summary>What the system refused, in the words that a caller decides by.</summary>
public enum SocketFaultKind
{
    None,
    /// <summary>Nothing to read, or no room to write: wait for readiness.</summary>
    WouldBlock,
    ConnectionRefused,
    ConnectionReset,
    /// <summary>The peer did not answer in time.</summary>
    TimedOut,
    NetworkUnreachable,
    HostUnreachable,
    AddressInUse,
    AddressNotAvailable,
    /// <summary>Refused by permission: a firewall rule, a privileged port, an ICMP socket outside ping_group_range.</summary>
    AccessDenied,
    /// <summary>Larger than the path or the socket takes.</summary>
    MessageTooLong,
    /// <summary>No memory or no room in a queue of the system.</summary>
    NoBuffers,
    /// <summary>The process or the system has no file handle left.</summary>
    TooManyFiles,
    /// <summary>The address family or the protocol is not there on this machine.</summary>
    NotSupported,
    NotConnected,
    /// <summary>Something else is where it was to be: a route of the same prefix and metric.</summary>
    AlreadyThere,
    Other,
}
