using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// The internet of the system tests. Every private network hides behind a router that masquerades and drops what it did
/// not ask for; IPv6 is routed and walled, not translated.
/// <code>
///  phone 10.9.0.2 --- home NAT 198.51.100.2 --+
///  tablet 10.7.0.2 -- cafe NAT 198.51.101.2 --+-- internet --- vps 203.0.113.10  2001:db8:3::10   Control, relay
///  office connector 10.8.0.2 -- office NAT 192.0.2.2 --+|
///    '-- lan 192.168.1.2 --- servers 192.168.1.20, .21  |  fd55::20
///  branch connector 10.8.0.2 -- branch NAT 192.0.3.2 ---+
///    '-- lan 192.168.1.2 --- servers 192.168.1.20
/// </code>
/// </summary>
internal sealed class World : INetworkWorld, IDisposable
{
    public const string RelayAddress = INetworkWorld.RelayAddress;
    public const string RelayAddress6 = INetworkWorld.RelayAddress6;

    public World()
    {
        Topology = new Topology();
        Internet = Topology.Host("internet");
        Internet.Forward();
        Vps = Topology.Host("vps");
        Topology.Cable(Internet, "vps0", ["203.0.113.1/24", "2001:db8:3::1/64"], Vps, "eth0", [$"{RelayAddress}/24", $"{RelayAddress6}/64"]);
        Vps.Route("default", "203.0.113.1");
        Vps.Ip("-6", "route", "add", "default", "via", "2001:db8:3::1");
        (Phone, HomeRouter) = Private("phone", "home", "10.9.0", "198.51.100", "2001:db8:5");
        (Tablet, CafeRouter) = Private("tablet", "cafe", "10.7.0", "198.51.101", "2001:db8:6");
        (Office, OfficeRouter) = Private("office", "officert", "10.8.0", "192.0.2", "2001:db8:1");
        (Branch, BranchRouter) = Private("branch", "branchrt", "10.8.0", "192.0.3", "2001:db8:2");
        OfficeServers = Lan(Office, "officelan", "192.168.1.20/24", "192.168.1.21/24", "fd55::20/64");
        BranchServers = Lan(Branch, "branchlan", "192.168.1.20/24", "fd55::20/64");
    }

    public Topology Topology { get; }

    public NetworkNamespace Internet { get; }

    public NetworkNamespace Vps { get; }

    public NetworkNamespace Phone { get; }

    public NetworkNamespace HomeRouter { get; }

    public NetworkNamespace Tablet { get; }

    public NetworkNamespace CafeRouter { get; }

    public NetworkNamespace Office { get; }

    public NetworkNamespace OfficeRouter { get; }

    public NetworkNamespace Branch { get; }

    public NetworkNamespace BranchRouter { get; }

    public NetworkNamespace OfficeServers { get; }

    public NetworkNamespace BranchServers { get; }

    public void Dispose() => Topology.Dispose();

    /// <summary>A host behind a router: inner X.2 and X.1, outer Y.2 and Y.1 (the internet's end), IPv6 prefix:a:: inside and prefix:b:: outside.</summary>
    private (NetworkNamespace Host, NetworkNamespace Router) Private(string name, string router, string inner, string outer, string prefix6)
    {
        var host = Topology.Host(name);
        var gate = Topology.Host(router);
        gate.Forward();
        Topology.Cable(gate, "in0", [$"{inner}.1/24", $"{prefix6}:a::1/64"], host, "eth0", [$"{inner}.2/24", $"{prefix6}:a::2/64"]);
        Topology.Cable(Internet, $"{router}0", [$"{outer}.1/24", $"{prefix6}:b::1/64"], gate, "out0", [$"{outer}.2/24", $"{prefix6}:b::2/64"]);
        host.Route("default", $"{inner}.1");
        host.Ip("-6", "route", "add", "default", "via", $"{prefix6}:a::1");
        gate.Route("default", $"{outer}.1");
        gate.Ip("-6", "route", "add", "default", "via", $"{prefix6}:b::1");
        Internet.Ip("-6", "route", "add", $"{prefix6}:a::/64", "via", $"{prefix6}:b::2");
        Firewall.Masquerade(gate, "out0");
        Firewall.DenyInbound(gate, "out0");
        return (host, gate);
    }

    private NetworkNamespace Lan(NetworkNamespace connector, string name, params string[] addresses)
    {
        var servers = Topology.Host(name);
        Topology.Cable(connector, "lan0", ["192.168.1.2/24", "fd55::2/64"], servers, "eth0", addresses);
        connector.Sysctl("net.ipv4.ping_group_range", "0 2147483647");
        return servers;
    }
}
