using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The interface's addresses and routes. All of it goes with the interface when the process ends, however it ends.</summary>
internal sealed class TunnelInterface(string name) : IDisposable
{
    private readonly NetworkInterface _interface = NetworkInterface.Open(name);

    /// <summary>What it has besides is somebody else's.</summary>
    private readonly HashSet<IpPrefix> _given = [];

    private volatile IReadOnlyCollection<IpPrefix> _routes = [];

    /// <summary>Prefixes that led into the tunnel at the last look. From any thread.</summary>
    public IReadOnlyCollection<IpPrefix> Routes => _routes;

    /// <exception cref="NetworkException">No permission (CAP_NET_ADMIN).</exception>
    public void SetUp(int mtu) => _interface.SetUp(mtu);

    /// <summary>
    /// Makes the difference between these and what the system has, whoever changed that. What it refuses, as it does all of IPv6 where that is switched off,
    /// keeps nothing else out.
    /// </summary>
    /// <param name="own">The addresses of this machine in the tunnel.</param>
    /// <param name="prefixes">What leads into the tunnel.</param>
    /// <exception cref="NetworkException">The system refused something: the first of it. The rest is in force.</exception>
    public void Apply(IReadOnlyList<IpAddress> own, IEnumerable<IpPrefix> prefixes)
    {
        var addresses = own.Select(IpPrefix.Host).ToHashSet();
        var there = _interface.ReadAddresses().ToHashSet();
        var routes = _interface.ReadRoutes().ToHashSet();
        var wanted = prefixes.Select(prefix => new InterfaceRoute(prefix, SourceOf(prefix, own))).Where(route => route.Source is not null).ToHashSet();

        // Routes name an address as their source, so they go before it and come after it.
        foreach (var route in routes.Except(wanted).ToList())
            Remove(routes, route, () => _interface.RemoveRoute(route.Prefix));
        foreach (var address in _given.Except(addresses).ToList())
            Remove(_given, address, () => _interface.RemoveAddress(address));

        NetworkException? refusal = null;
        foreach (var address in addresses.Except(there).ToList())
            Add(there, address, () => _interface.AddAddress(address), ref refusal);
        _given.UnionWith(addresses);
        foreach (var route in wanted.Except(routes).Where(route => there.Contains(IpPrefix.Host(route.Source!.Value))).ToList())
            Add(routes, route, () => _interface.AddRoute(route.Prefix, route.Source), ref refusal);

        _routes = [.. routes.Select(route => route.Prefix)];
        if (refusal is not null)
            throw refusal;
    }

    public void Dispose() => _interface.Dispose();

    private static IpAddress? SourceOf(IpPrefix prefix, IReadOnlyList<IpAddress> own) =>
        own.Where(address => address.IsIpv4 == prefix.Address.IsIpv4).Select(address => (IpAddress?)address).FirstOrDefault();

    private static void Add<T>(HashSet<T> known, T one, Action add, ref NetworkException? refusal)
    {
        try
        {
            add();
            known.Add(one);
        }
        catch (NetworkException e)
        {
            refusal ??= e;
        }
    }

    private static void Remove<T>(HashSet<T> known, T one, Action remove)
    {
        known.Remove(one);
        try
        {
            remove();
        }
        catch (NetworkException)
        {
            // Somebody took it away already: it is gone, which is what was wanted.
        }
    }
}
