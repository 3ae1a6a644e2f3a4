using System.Collections.Frozen;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Addresses that a connector dials for nobody, unless a grant names exactly that address: those that lead to its own host, and those
/// that lead to what trusts its neighbours blindly (metadata services, link-local). Checked after a name was resolved, on the
/// address that is then dialled, so that no answer of a name server can lead there.
/// </summary>
public sealed class TargetRules
{
    private static readonly IpPrefix[] Forbidden =
    [
        IpPrefix.Parse("0.0.0.0/8"), IpPrefix.Parse("127.0.0.0/8"), IpPrefix.Parse("169.254.0.0/16"), IpPrefix.Parse("224.0.0.0/4"),
        IpPrefix.Parse("255.255.255.255/32"), IpPrefix.Parse("::/128"), IpPrefix.Parse("::1/128"), IpPrefix.Parse("fe80::/10"), IpPrefix.Parse("ff00::/8"),
        // Addresses that embed an IPv4 address would be another way to the above: mapped ones never parse as IPv6; these do.
        IpPrefix.Parse("::/96"), IpPrefix.Parse("64:ff9b::/96"), IpPrefix.Parse("2002::/16"),
        // The metadata service of a cloud over IPv6.
        IpPrefix.Parse("fd00:ec2::254/128"),
        // Metadata services outside the link-local range.
        IpPrefix.Parse("100.100.100.200/32"), IpPrefix.Parse("168.63.129.16/32"),
    ];

    private readonly FrozenSet<IpAddress> _own;

    /// <param name="own">The host's addresses, and the broadcast and network addresses of its networks.</param>
    public TargetRules(IEnumerable<IpAddress> own) => _own = own.ToFrozenSet();

    /// <summary>Whether the address may be dialled.</summary>
    /// <param name="isExact">The grant names exactly this address.</param>
    public bool Allows(IpAddress address, bool isExact)
    {
        if (IsNeverATarget(address))
            return false;
        if (isExact)
            return true;
        if (_own.Contains(address))
            return false;
        foreach (var prefix in Forbidden)
            if (prefix.Contains(address))
                return false;
        return true;
    }

    /// <summary>Groups and the unspecified address are no host: no grant makes them one.</summary>
    private static bool IsNeverATarget(IpAddress address) =>
        address.IsIpv4 ? address.Ipv4 == 0 || address.Ipv4 >= 0xE000_0000 && (address.Ipv4 < 0xF000_0000 || address.Ipv4 == uint.MaxValue) : address.High >> 56 == 0xFF || address == IpAddress.Ipv6Any;
}
