namespace Keyhole.Packets;

/// <summary>What an ICMP error says, in the words that both families share.</summary>
public enum IcmpErrorKind : byte
{
    /// <summary>An error for which none of the others stands.</summary>
    Other,

    NetworkUnreachable,

    HostUnreachable,

    PortUnreachable,

    AdministrativelyProhibited,

    /// <summary>IPv4: fragmentation needed and DF set (RFC 1191). Carries the MTU.</summary>
    PacketTooBig,

    HopLimitExceeded,

    ReassemblyTimeExceeded,
}
