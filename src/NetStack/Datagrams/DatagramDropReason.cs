namespace Keyhole.NetStack;

/// <summary>Why a datagram of a UDP or echo flow went nowhere. Each value is a counter in <see cref="DatagramCounters"/>.</summary>
public enum DatagramDropReason
{
    /// <summary>Not what the table is for, cut short, or with port 0.</summary>
    Malformed,

    /// <summary>The checksum is wrong, or missing in IPv6.</summary>
    Checksum,

    /// <summary>The host did not want the flow.</summary>
    Refused,

    /// <summary>The payload exceeds the limit of the table, or what an IP packet can carry.</summary>
    TooLarge,

    /// <summary>The sink had no room for a reply.</summary>
    SinkFull,
}
