using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>What one granted resource opens at one of its prefixes.</summary>
internal sealed class AccessRule
{
    private readonly PortRange[] _tcp;
    private readonly PortRange[] _udp;
    private readonly bool _icmp;
    private readonly IpPrefix _destination;
    private readonly IpPrefix _prefix;

    /// <param name="resource">The resource.</param>
    /// <param name="prefix">Where clients see it: an overlay prefix, or the destination itself.</param>
    /// <param name="destination">The destination's prefix; default for a name.</param>
    public AccessRule(ResourceRow resource, IpPrefix prefix, IpPrefix? destination)
    {
        Resource = resource;
        IsName = destination is null;
        _destination = destination ?? default;
        _prefix = prefix;
        _tcp = [.. resource.Tcp];
        _udp = [.. resource.Udp];
        _icmp = resource.Icmp;
    }

    public ResourceRow Resource { get; }

    /// <summary>The destination is a name that is resolved at the connector.</summary>
    public bool IsName { get; }

    /// <summary>The destination names exactly one address, so that even a forbidden one is meant.</summary>
    public bool IsExactAddress => !IsName && _destination.IsHost;

    /// <summary>
    /// False for the network and the broadcast address of an IPv4 prefix, and for the router anycast address of an IPv6 one (RFC 4291
    /// section 2.6.1): a granted network is its hosts.
    /// </summary>
    public bool IsHost(IpAddress address)
    {
        int hostBits = _prefix.Address.BitLength - _prefix.Length;
        if (IsName || hostBits < 2)
            return true;
        ulong mask = hostBits >= 64 ? ulong.MaxValue : (1UL << hostBits) - 1;
        ulong host = address.Low & mask;
        bool isFirst = host == 0 && (hostBits <= 64 || address == _prefix.Address);
        bool isBroadcast = _destination.Address.IsIpv4 && host == mask;
        return !isFirst && !isBroadcast;
    }

    /// <summary>Whether the resource opens this protocol and port; the port is ignored for ICMP.</summary>
    public bool Opens(byte protocol, ushort port) => protocol switch
    {
        IpProtocol.Tcp => Contains(_tcp, port),
        IpProtocol.Udp => Contains(_udp, port),
        IpProtocol.Icmp or IpProtocol.Icmpv6 => _icmp,
        _ => false,
    };

    /// <summary>The address at the site that an address of the prefix stands for: the host bits stay.</summary>
    public IpAddress Translate(IpAddress address)
    {
        int hostBits = _destination.Address.BitLength - _destination.Length;
        if (_prefix == _destination || IsName)
            return address;
        ulong highMask = hostBits > 64 ? ulong.MaxValue >> (128 - hostBits) : 0;
        ulong lowMask = hostBits >= 64 ? ulong.MaxValue : (1UL << hostBits) - 1;
        return new IpAddress(_destination.Address.High | (address.High & highMask), _destination.Address.Low | (address.Low & lowMask));
    }

    private static bool Contains(PortRange[] ranges, ushort port)
    {
        foreach (var range in ranges)
            if (port >= range.First && port <= range.Last)
                return true;
        return false;
    }
}
