using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where prefixes of both families lead; the longest one that holds an address counts. Unchangeable: a new table makes new ones.</summary>
/// <typeparam name="T">What lies behind a prefix.</typeparam>
public sealed class PrefixRoutes<T> where T : class
{
    public static readonly PrefixRoutes<T> None = new([]);

    // One level per prefix length and family, the longest first.
    private readonly Level[] _levels;

    /// <param name="routes">Of two equal prefixes the first counts.</param>
    public PrefixRoutes(IEnumerable<(IpPrefix Prefix, T Target)> routes)
    {
        _levels =
        [
            .. routes
                .DistinctBy(route => route.Prefix)
                .GroupBy(route => (route.Prefix.Address.IsIpv4, route.Prefix.Length))
                .OrderByDescending(group => group.Key.Length)
                .Select(group => new Level(group.Key.IsIpv4, group.Key.Length, [.. group.OrderBy(route => route.Prefix.Address)])),
        ];
    }

    /// <summary>All prefixes.</summary>
    public IEnumerable<IpPrefix> Prefixes => _levels.SelectMany(level => level.Prefixes);

    /// <summary>What an address leads to; null when no prefix holds it.</summary>
    public T? Find(IpAddress address)
    {
        foreach (var level in _levels)
        {
            if (level.Find(address) is { } target)
                return target;
        }

        return null;
    }

    private sealed class Level(bool isIpv4, int length, (IpPrefix Prefix, T Target)[] routes)
    {
        private readonly IpAddress[] _addresses = [.. routes.Select(route => route.Prefix.Address)];
        private readonly T[] _targets = [.. routes.Select(route => route.Target)];

        public IEnumerable<IpPrefix> Prefixes => _addresses.Select(address => new IpPrefix(address, length));

        public T? Find(IpAddress address)
        {
            if (address.IsIpv4 != isIpv4)
                return null;
            int at = _addresses.AsSpan().BinarySearch(new IpPrefix(address, length).Address);
            return at < 0 ? null : _targets[at];
        }
    }
}
