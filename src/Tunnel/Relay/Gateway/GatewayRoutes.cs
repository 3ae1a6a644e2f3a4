using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// What one client (or many with equal grants) may reach, and on which site: overlay prefixes of granted resources and, unless they are
/// reached at their overlay address only, their own. The longest prefix wins. Unchangeable; a new table makes new ones.
/// </summary>
internal sealed class GatewayRoutes
{
    public static readonly GatewayRoutes None = new([]);

    private readonly RelaySite[] _sites;

    // One level per prefix length and family, the longest first.
    private readonly Level[] _levels;

    /// <param name="routes">Of two equal prefixes the first counts.</param>
    public GatewayRoutes(IReadOnlyCollection<(IpPrefix Prefix, RelaySite Site)> routes)
    {
        _sites = [.. routes.Select(route => route.Site).Distinct()];
        _levels =
        [
            .. routes
                .DistinctBy(route => route.Prefix)
                .GroupBy(route => (route.Prefix.Address.IsIpv4, route.Prefix.Length))
                .OrderByDescending(group => group.Key.Length)
                .Select(group => new Level(group.Key.IsIpv4, group.Key.Length, [.. group.OrderBy(route => route.Prefix.Address)])),
        ];
    }

    /// <summary>Every site where something was granted.</summary>
    public ReadOnlySpan<RelaySite> Sites => _sites;

    /// <summary>The site that a destination lies on; null when nothing grants it.</summary>
    public RelaySite? Find(IpAddress destination)
    {
        foreach (var level in _levels)
        {
            if (level.Find(destination) is { } site)
                return site;
        }

        return null;
    }

    private sealed class Level
    {
        private readonly bool _isIpv4;
        private readonly int _length;
        private readonly IpAddress[] _addresses;
        private readonly RelaySite[] _sites;

        public Level(bool isIpv4, int length, (IpPrefix Prefix, RelaySite Site)[] routes)
        {
            _isIpv4 = isIpv4;
            _length = length;
            _addresses = [.. routes.Select(route => route.Prefix.Address)];
            _sites = [.. routes.Select(route => route.Site)];
        }

        public RelaySite? Find(IpAddress destination)
        {
            if (destination.IsIpv4 != _isIpv4)
                return null;
            int at = _addresses.AsSpan().BinarySearch(new IpPrefix(destination, _length).Address);
            return at < 0 ? null : _sites[at];
        }
    }
}
