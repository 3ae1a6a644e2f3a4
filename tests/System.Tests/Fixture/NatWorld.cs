using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// One client and one site of every kind of <see cref="Nat"/>, and a client that sits in the network of a site. Every site has a server, which only
/// its connector reaches.
/// <code>
///  c-KIND 10.20.N.2 -- NAT 198.18.N.2 --+-- internet --- vps 203.0.113.10  2001:db8:3::10
///  s-KIND 10.30.N.2 -- NAT 198.19.N.2 --+
///     '-- lan 192.168.N.2 --- server 192.168.N.20
/// </code>
/// </summary>
internal sealed class NatWorld : INetworkWorld, IDisposable
{
    /// <summary>All but <see cref="Nat.Mapping"/>.</summary>
    public static readonly IReadOnlyList<Nat> Kinds = [.. Enum.GetValues<Nat>().Where(nat => nat != Nat.Mapping)];

    public NatWorld(IEnumerable<Nat> clients, IEnumerable<Nat> sites)
    {
        Internet = Topology.Host("internet");
        Internet.Forward();
        Vps = Topology.Host("vps");
        Topology.Cable(Internet, "vps0", ["203.0.113.1/24", "2001:db8:3::1/64"], Vps, "eth0", [$"{INetworkWorld.RelayAddress}/24", $"{INetworkWorld.RelayAddress6}/64"]);
        Default(Vps, "203.0.113.1", "2001:db8:3::1");

        // Port 443 without a privilege, as systemd gives it by AmbientCapabilities.
        Vps.Sysctl("net.ipv4.ip_unprivileged_port_start", "443");
        Clients = clients.ToDictionary(nat => nat, nat => Connect($"c-{nat}", nat, 20));
        Sites = sites.ToDictionary(nat => nat, nat => Connect($"s-{nat}", nat, 30));
        Servers = Sites.ToDictionary(site => site.Key, site => Serve(site.Value, site.Key));
    }

    public Topology Topology { get; } = new();

    public NetworkNamespace Internet { get; }

    public NetworkNamespace Vps { get; }

    public IReadOnlyDictionary<Nat, NetworkNamespace> Clients { get; }

    /// <summary>Where the connectors run.</summary>
    public IReadOnlyDictionary<Nat, NetworkNamespace> Sites { get; }

    public IReadOnlyDictionary<Nat, NetworkNamespace> Servers { get; }

    /// <summary>The server of a site, as the site calls it.</summary>
    public static string Server(Nat site) => $"192.168.{Number(site)}.20";

    /// <summary>Adds a client to the network of a site with a NAT of its own, beside the connector.</summary>
    public NetworkNamespace AddNeighbour(Nat site)
    {
        var host = Topology.Host($"n-{site}");
        var router = _routers[$"s-{site}"];
        string inner = $"10.30.{Number(site)}";
        router.Ip("link", "add", "br0", "type", "bridge");
        router.Ip("addr", "flush", "dev", "in0");
        router.Ip("link", "set", "in0", "master", "br0");
        Topology.Cable(router, "in1", [], host, "eth0", [$"{inner}.3/24"]);
        router.Ip("link", "set", "in1", "master", "br0");
        router.Ip("addr", "add", $"{inner}.1/24", "dev", "br0");
        router.Ip("link", "set", "br0", "up");
        host.Route("default", $"{inner}.1");
        return host;
    }

    /// <summary>The NAT of a host: "c-Symmetric", "s-Double"; of two, the outer one.</summary>
    public NetworkNamespace Router(string host) => _routers[host];

    public void Dispose() => Topology.Dispose();

    private readonly Dictionary<string, NetworkNamespace> _routers = [];

    private static int Number(Nat nat) => (int)nat + 1;

    private NetworkNamespace Connect(string name, Nat nat, int net)
    {
        var host = Topology.Host(name);
        int number = Number(nat);
        string plug = $"{name[0]}{number}";
        string inner = $"10.{net}.{number}", outer = $"{(nat == Nat.Mapping ? 45 : 198)}.{(net == 20 ? 18 : 19)}.{number}", prefix6 = $"2001:db8:{net}{number}";
        if (nat == Nat.Open)
        {
            Topology.Cable(Internet, plug, [$"{outer}.1/24", $"{prefix6}::1/64"], host, "eth0", [$"{outer}.2/24", $"{prefix6}::2/64"]);
            Default(host, $"{outer}.1", $"{prefix6}::1");
            return host;
        }

        var router = _routers[name] = Topology.Host($"r{name}");
        router.Forward();
        if (nat == Nat.Ipv6Only)
        {
            Topology.Cable(router, "in0", [$"{prefix6}:a::1/64"], host, "eth0", [$"{prefix6}:a::2/64"]);
            Topology.Cable(Internet, plug, [$"{prefix6}:b::1/64"], router, "out0", [$"{prefix6}:b::2/64"]);
            Default(host, null, $"{prefix6}:a::1");
            Default(router, null, $"{prefix6}:b::1");
            Internet.Ip("-6", "route", "add", $"{prefix6}:a::/64", "via", $"{prefix6}:b::2");
            Firewall.DenyInbound(router, "out0");
            return host;
        }

        var inside = router;
        if (nat == Nat.Double)
        {
            inside = Topology.Host($"i{name}");
            inside.Forward();
            Topology.Cable(router, "in0", [$"100.64.{number}.1/24"], inside, "out0", [$"100.64.{number}.2/24"]);
            Default(inside, $"100.64.{number}.1", null);
            Firewall.Masquerade(inside, "out0");
            Firewall.DenyInbound(inside, "out0");
        }

        Topology.Cable(inside, "in0", [$"{inner}.1/24"], host, "eth0", [$"{inner}.2/24"]);
        Topology.Cable(Internet, plug, [$"{outer}.1/24"], router, "out0", [$"{outer}.2/24"]);
        Default(host, $"{inner}.1", null);
        Default(router, $"{outer}.1", null);
        if (nat == Nat.FullCone)
        {
            Firewall.MasqueradeFullCone(router, "out0", $"{inner}.2");
            return host;
        }

        if (nat == Nat.Mapping)
        {
            Firewall.MasqueradeRandom(router, "out0");
            Firewall.DenyUnmapped(router, "out0");
            Topology.Own(MappingGateway.Start(router, "in0", "out0"));
            return host;
        }

        if (nat == Nat.Symmetric)
            Firewall.MasqueradeRandom(router, "out0");
        else
            Firewall.Masquerade(router, "out0");
        Firewall.DenyInbound(router, "out0");
        if (nat == Nat.UdpBlocked)
            Firewall.Block(router, "udp", "meta l4proto udp");
        return host;
    }

    private NetworkNamespace Serve(NetworkNamespace connector, Nat site)
    {
        var server = Topology.Host($"l-{site}");
        Topology.Cable(connector, "lan0", [$"192.168.{Number(site)}.2/24"], server, "eth0", [$"{Server(site)}/24"]);
        return server;
    }

    private static void Default(NetworkNamespace host, string? gateway, string? gateway6)
    {
        if (gateway is not null)
            host.Route("default", gateway);
        if (gateway6 is not null)
            host.Ip("-6", "route", "add", "default", "via", gateway6);
    }
}
