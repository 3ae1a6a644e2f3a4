using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Makes routes out of grants; clients with equal grants share one object.</summary>
internal sealed class GatewayRouteBuilder
{
    private readonly Dictionary<int, Resource> _resources = [];
    private readonly Dictionary<string, GatewayRoutes> _shared = [];

    public GatewayRouteBuilder(IReadOnlyList<ResourceRow> resources, Func<int, RelaySite> site)
    {
        foreach (var row in resources)
            _resources[row.Id] = new Resource(row, site(row.Site), Parse(row.Overlay), IpPrefix.TryParse(row.Destination, out var native) ? native : null);
    }

    /// <summary>Different routes that were made so far.</summary>
    public int Count => _shared.Count;

    public GatewayRoutes For(GrantRow? grant)
    {
        if (grant is null || grant.Resources.Count == 0)
            return GatewayRoutes.None;
        string key = $"{string.Join(',', grant.Resources.Order())}/{string.Join(',', grant.OverlayOnly.Order())}";
        if (!_shared.TryGetValue(key, out var routes))
            _shared.Add(key, routes = new GatewayRoutes([.. RoutesOf(grant)], [.. grant.Resources.Order().Where(_resources.ContainsKey).Select(id => _resources[id].Row)]));
        return routes;
    }

    private IEnumerable<(IpPrefix Prefix, RelaySite Site)> RoutesOf(GrantRow grant)
    {
        foreach (int id in grant.Resources.Order())
        {
            if (!_resources.TryGetValue(id, out var resource))
                continue;
            foreach (var prefix in resource.Overlay)
                yield return (prefix, resource.Site);
            if (resource.Native is { } native && !grant.OverlayOnly.Contains(id))
                yield return (native, resource.Site);
        }
    }

    private static List<IpPrefix> Parse(IReadOnlyList<string> texts)
    {
        var prefixes = new List<IpPrefix>(texts.Count);
        foreach (string text in texts)
        {
            if (IpPrefix.TryParse(text, out var prefix))
                prefixes.Add(prefix);
        }

        return prefixes;
    }

    private sealed record Resource(ResourceRow Row, RelaySite Site, List<IpPrefix> Overlay, IpPrefix? Native);
}
