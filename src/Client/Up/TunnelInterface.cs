using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// The interface's addresses and routes, which follow the table: only what was granted enters the tunnel. All of it goes with the interface when the
/// process ends, however it ends.
/// </summary>
internal sealed class TunnelInterface(string name) : IDisposable
{
    private readonly NetworkInterface _interface = NetworkInterface.Open(name);
    private readonly HashSet<IpPrefix> _addresses = [];
    private readonly HashSet<IpPrefix> _routes = [];
    private volatile IpPrefix[] _published = [];

    /// <summary>Prefixes that lead into the tunnel. From any thread.</summary>
    public IReadOnlyCollection<IpPrefix> Routes => _published;

    /// <exception cref="NetworkException">No permission (CAP_NET_ADMIN).</exception>
    public void SetUp(int mtu) => _interface.SetUp(mtu);

    /// <summary>
    /// Puts the roster's addresses and routes in force, the difference only. What the system refuses, as it does all of IPv6 where that is switched off,
    /// keeps nothing else out; it is tried again with the next table.
    /// </summary>
    /// <param name="outside">Addresses that are reached outside the tunnel: a prefix that holds one is left out, or the tunnel would carry itself.</param>
    /// <returns>The prefixes that were left out.</returns>
    /// <exception cref="NetworkException">The system refused something: the first of it. The rest is in force.</exception>
    public IReadOnlyList<IpPrefix> Apply(ClientRoster roster, IReadOnlyCollection<IpAddress> outside)
    {
        var addresses = roster.Addresses.Select(address => new IpPrefix(address, address.IsIpv4 ? 32 : 128)).ToHashSet();
        var granted = roster.Routes.Select(route => route.Prefix).ToHashSet();
        var leftOut = granted.Where(prefix => outside.Any(prefix.Contains)).ToList();
        granted.ExceptWith(leftOut);

        // Routes name an address as their source, so they go before it and come after it.
        foreach (var route in _routes.Except(granted).ToList())
            Remove(_routes, route, prefix => _interface.RemoveRoute(prefix));
        foreach (var address in _addresses.Except(addresses).ToList())
        {
            // The system drops the routes whose source it was.
            foreach (var route in _routes.Where(route => route.Address.IsIpv4 == address.Address.IsIpv4).ToList())
                Remove(_routes, route, prefix => _interface.RemoveRoute(prefix));
            Remove(_addresses, address, prefix => _interface.RemoveAddress(prefix));
        }

        NetworkException? refusal = null;
        foreach (var address in addresses.Except(_addresses).ToList())
            Add(_addresses, address, prefix => _interface.AddAddress(prefix), ref refusal);
        foreach (var route in granted.Except(_routes).ToList())
        {
            var source = _addresses.Where(address => address.Address.IsIpv4 == route.Address.IsIpv4).Select(address => (IpAddress?)address.Address).FirstOrDefault();
            if (source is not null)
                Add(_routes, route, prefix => _interface.AddRoute(prefix, source), ref refusal);
        }

        _published = [.. _routes];
        return refusal is null ? leftOut : throw refusal;
    }

    public void Dispose() => _interface.Dispose();

    private static void Add(HashSet<IpPrefix> known, IpPrefix prefix, Action<IpPrefix> add, ref NetworkException? refusal)
    {
        try
        {
            add(prefix);
            known.Add(prefix);
        }
        catch (NetworkException e)
        {
            refusal ??= e;
        }
    }

    private static void Remove(HashSet<IpPrefix> known, IpPrefix prefix, Action<IpPrefix> remove)
    {
        known.Remove(prefix);
        try
        {
            remove(prefix);
        }
        catch (NetworkException)
        {
            // Somebody took it away already: it is gone, which is what was wanted.
        }
    }
}
