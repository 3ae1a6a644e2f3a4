using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// What one client (or many with equal grants) may reach, and on which site: overlay prefixes of granted resources and, unless they are
/// reached at their overlay address only, their own. Unchangeable; a new table makes new ones.
/// </summary>
/// <param name="routes">Of two equal prefixes the first counts.</param>
internal sealed class GatewayRoutes(IReadOnlyCollection<(IpPrefix Prefix, RelaySite Site)> routes)
{
    public static readonly GatewayRoutes None = new([]);

    private readonly RelaySite[] _sites = [.. routes.Select(route => route.Site).Distinct()];
    private readonly PrefixRoutes<RelaySite> _routes = new(routes);

    /// <summary>Every site where something was granted.</summary>
    public ReadOnlySpan<RelaySite> Sites => _sites;

    /// <summary>The site that a destination lies on; null when nothing grants it.</summary>
    public RelaySite? Find(IpAddress destination) => _routes.Find(destination);
}
