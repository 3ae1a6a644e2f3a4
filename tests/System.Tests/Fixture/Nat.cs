namespace Keyhole.System.Tests;

/// <summary>How a host is connected to the internet.</summary>
internal enum Nat
{
    /// <summary>With a public address and no firewall, IPv4 and IPv6.</summary>
    Open,

    /// <summary>Behind a NAT that keeps the port and lets anybody in through it (RFC 4787: endpoint-independent mapping and filtering).</summary>
    FullCone,

    /// <summary>Behind a NAT that keeps the port and lets in only who was written to from it (address- and port-dependent filtering).</summary>
    PortRestricted,

    /// <summary>Behind a NAT that takes another random port for every destination (address- and port-dependent mapping).</summary>
    Symmetric,

    /// <summary>As <see cref="Symmetric"/>, but the NAT maps a port for who asks by PCP or NAT-PMP.</summary>
    Mapping,

    /// <summary>Behind two port-restricted NATs, one behind the other.</summary>
    Double,

    /// <summary>Behind a NAT that lets TCP through and no UDP.</summary>
    UdpBlocked,

    /// <summary>With IPv6 addresses only, behind a stateful firewall.</summary>
    Ipv6Only,
}
