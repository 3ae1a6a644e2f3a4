namespace Keyhole.NetStack;

/// <summary>What a SYN is told by ICMP (RFC 792) or ICMPv6 (RFC 4443) when its target cannot be reached.</summary>
public enum UnreachableCode
{
    /// <summary>No route to the network: ICMP code 0, ICMPv6 code 0.</summary>
    Network,

    /// <summary>The host does not answer: ICMP code 1, ICMPv6 code 3.</summary>
    Host,

    /// <summary>Forbidden by policy: ICMP code 13, ICMPv6 code 1.</summary>
    Prohibited,
}
