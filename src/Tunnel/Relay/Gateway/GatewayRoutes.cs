using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// What one client (or many with equal grants) may reach, and on which site: overlay prefixes of granted resources and, unless they are
/// reached at their overlay address only, their own. Unchangeable; a new table makes new ones.
/// </summary>
/// <param name="routes">Of two equal prefixes the first counts.</param>
/// <param name="granted">The resources that the routes lead to.</param>
internal sealed class GatewayRoutes(IReadOnlyCollection<(IpPrefix Prefix, RelaySite Site)> routes, IReadOnlyList<ResourceRow> granted)
{
    public static readonly GatewayRoutes None = new([], []);

    private readonly RelaySite[] _sites = [.. routes.Select(route => route.Site).Distinct()];
    private readonly PrefixRoutes<RelaySite> _routes = new(routes);

    /// <summary>Every site where something was granted.</summary>
    public ReadOnlySpan<RelaySite> Sites => _sites;

    /// <summary>The names of what was granted. Made when first asked for: where a client may use them, that is when its table is prepared.</summary>
    public NameTable Names => field ??= new NameTable(granted);

    /// <summary>The site that a destination lies on; null when nothing grants it.</summary>
    public RelaySite? Find(IpAddress destination) => _routes.Find(destination);
}
