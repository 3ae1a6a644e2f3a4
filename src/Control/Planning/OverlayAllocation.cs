using System.Net;

namespace Keyhole.Control;

/// <summary>Gives overlay addresses to those that have none yet; what is held already stays as it is.</summary>
internal sealed class OverlayAllocation(UInt128 organisation, Cursors cursors)
{
    private long _client = cursors.Client;
    private long _resourceIpv4 = cursors.ResourceIpv4;
    private long _resourceIpv6 = cursors.ResourceIpv6;
    private long _subnet = cursors.Subnet;

    public Cursors Cursors => cursors with { Client = _client, ResourceIpv4 = _resourceIpv4, ResourceIpv6 = _resourceIpv6, Subnet = _subnet };

    /// <param name="asked">The addresses that the description asks for; null where any will do.</param>
    public IReadOnlyList<Peer> AssignClients(IReadOnlyList<Peer> clients, Func<Peer, (IPAddress? Ipv4, IPAddress? Ipv6)> asked)
    {
        var wanted = clients.Select(asked).ToList();
        var taken = wanted.SelectMany(pair => new[] { pair.Ipv4, pair.Ipv6 }).OfType<IPAddress>().ToHashSet();
        // An automatic address that another client asks for by name gives way.
        var placed = clients.Select((peer, i) => peer with
        {
            Ipv4 = wanted[i].Ipv4 ?? (peer.Ipv4 is { } held4 && !taken.Contains(held4) ? held4 : null),
            Ipv6 = wanted[i].Ipv6 ?? (peer.Ipv6 is { } held6 && !taken.Contains(held6) ? held6 : null),
        }).ToList();
        var pool = new AddressPool(Overlay.FirstOffset, Overlay.ClientEnd);
        foreach (long offset in placed.SelectMany(Offsets).Distinct())
            pool.Reserve(offset, 1);
        return [.. placed.Select(peer => peer.Ipv4 is null || peer.Ipv6 is null ? Complete(peer, pool) : peer)];
    }

    public ValueList<Resource> AssignResources(IReadOnlyList<Resource> resources)
    {
        var ipv4 = new AddressPool(Overlay.FirstOffset, Overlay.ResourceIpv4End);
        var ipv6 = new AddressPool(Overlay.FirstOffset, Overlay.ResourceIpv6End);
        var subnets = new AddressPool(Overlay.FirstResourceSubnet, Overlay.ResourceSubnetEnd);
        foreach (var resource in resources)
        {
            if (resource.OverlayIpv4 is { } held4)
                ipv4.Reserve(Overlay.ResourceOffset(held4), 1L << (32 - held4.PrefixLength));
            if (resource.OverlayIpv6 is not { } held6)
                continue;
            int hostBits = 128 - held6.PrefixLength;
            if (hostBits <= Overlay.MaximumSharedSubnetHostBits)
                ipv6.Reserve(Overlay.ResourceOffsetIpv6(held6), 1L << hostBits);
            else
                subnets.Reserve(Overlay.SubnetOf(held6), 1);
        }

        return resources.Select(resource => resource with
        {
            OverlayIpv4 = resource.OverlayIpv4 ?? TakeIpv4(resource, ipv4),
            OverlayIpv6 = resource.OverlayIpv6 ?? TakeIpv6(resource, ipv6, subnets),
        }).ToValueList();
    }

    private IEnumerable<long> Offsets(Peer peer)
    {
        if (peer.Ipv4 is { } ipv4)
            yield return Overlay.ClientOffset(ipv4);
        if (peer.Ipv6 is { } ipv6)
            yield return Overlay.ClientOffset(organisation, ipv6);
    }

    /// <summary>One offset serves both families, so that 100.64.1.7 and …:1::107 are easily seen to be the same client.</summary>
    private Peer Complete(Peer peer, AddressPool pool)
    {
        if (!pool.TryTake(1, ref _client, out long offset))
            throw new OverlayExhaustedException("clients");
        return peer with
        {
            Ipv4 = peer.Ipv4 ?? Overlay.ClientIpv4(offset),
            Ipv6 = peer.Ipv6 ?? Overlay.ClientIpv6(organisation, offset),
        };
    }

    private IPNetwork? TakeIpv4(Resource resource, AddressPool pool)
    {
        int hostBits = resource.Destination.HostBits;
        if (hostBits > Overlay.MaximumIpv4HostBits)
            return null;
        return pool.TryTake(1L << hostBits, ref _resourceIpv4, out long offset)
            ? Overlay.ResourceIpv4(offset, hostBits)
            : throw new OverlayExhaustedException("resources (IPv4)");
    }

    private IPNetwork? TakeIpv6(Resource resource, AddressPool pool, AddressPool subnets)
    {
        int hostBits = resource.Destination.HostBits;
        if (hostBits > Overlay.MaximumIpv6HostBits)
            return null;
        if (hostBits <= Overlay.MaximumSharedSubnetHostBits)
        {
            return pool.TryTake(1L << hostBits, ref _resourceIpv6, out long offset)
                ? Overlay.ResourceIpv6(organisation, offset, hostBits)
                : throw new OverlayExhaustedException("resources (IPv6)");
        }

        return subnets.TryTake(1, ref _subnet, out long subnet)
            ? Overlay.ResourceSubnet(organisation, subnet, hostBits)
            : throw new OverlayExhaustedException("resources of more than 32 host bits");
    }
}
