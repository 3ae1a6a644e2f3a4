using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>A host with the network 192.168.1.0/24 and fd55::/64 at eth0, and a tunnel that is given routes.</summary>
public sealed class NetworkInterfaceTests
{
    [LabFact]
    public void The_machines_own_network_wins_over_a_route_into_the_tunnel_whatever_its_metric()
    {
        using var topology = new Topology();
        using var lab = new Machine(topology);
        lab.Host.Ip("route", "add", "192.168.2.0/24", "dev", "eth0", "metric", "600");
        lab.Host.Ip("route", "add", "192.168.3.0/24", "dev", "eth0", "metric", "21024");
        lab.Tunnel.AddRoute(IpPrefix.Parse("192.168.1.0/24"), lab.Address);
        lab.Tunnel.AddRoute(IpPrefix.Parse("192.168.2.0/24"), lab.Address);
        lab.Tunnel.AddRoute(IpPrefix.Parse("192.168.3.0/24"), lab.Address);
        lab.Tunnel.AddRoute(IpPrefix.Parse("192.168.4.0/24"), lab.Address);
        lab.Tunnel.AddRoute(IpPrefix.Parse("fd55::/64"), lab.Address6);

        Assert.Equal("eth0", lab.DeviceFor("192.168.1.20"));
        Assert.Equal("eth0", lab.DeviceFor("192.168.2.20"));
        Assert.Equal("eth0", lab.DeviceFor("192.168.3.20"));
        Assert.Equal("eth0", lab.DeviceFor("fd55::20"));
        Assert.Equal("tun0", lab.DeviceFor("192.168.4.20"));

        // The tunnel has it as soon as the network is gone.
        lab.Host.Ip("route", "del", "192.168.2.0/24", "dev", "eth0", "metric", "600");
        Assert.Equal("tun0", lab.DeviceFor("192.168.2.20"));
    }

    [LabFact]
    public void A_route_of_another_program_with_the_same_metric_stays_and_the_refusal_says_so()
    {
        using var topology = new Topology();
        using var lab = new Machine(topology);
        using var other = LinkEmulator.OpenTun(lab.Host, "tun1", ["100.64.0.2/32", "fd77::2/128"]);
        using var otherTunnel = lab.Host.Enter(() => NetworkInterface.Open("tun1"));
        foreach (string prefix in (string[])["10.0.0.0/8", "fd66::/48"])
        {
            otherTunnel.AddRoute(IpPrefix.Parse(prefix));
            string family = IpPrefix.Parse(prefix).Address.IsIpv4 ? "-4" : "-6", before = lab.Host.Ip(family, "route", "show", prefix);

            var refusal = Assert.Throws<NetworkException>(() => lab.Tunnel.AddRoute(IpPrefix.Parse(prefix)));
            Assert.Equal(SocketFaultKind.AlreadyThere, refusal.Fault.Kind);
            Assert.Contains(prefix, refusal.Message, StringComparison.Ordinal);
            Assert.Equal(before, lab.Host.Ip(family, "route", "show", prefix));
        }
    }

    [LabFact]
    public void What_it_was_given_is_read_from_the_system_and_nothing_of_others()
    {
        using var topology = new Topology();
        using var lab = new Machine(topology);
        lab.Host.Ip("route", "add", "10.66.0.0/16", "dev", "tun0");
        lab.Host.Ip("-6", "route", "add", "fd66::/48", "dev", "tun0");
        Assert.Empty(lab.Tunnel.ReadRoutes());

        // More than one answer of the kernel holds.
        List<InterfaceRoute> given = [new(IpPrefix.Parse("0.0.0.0/0"), lab.Address), new(IpPrefix.Parse("::/0"), lab.Address6), new(IpPrefix.Parse("10.0.0.0/8"), null)];
        given.AddRange(Enumerable.Range(0, 1000).Select(index => new InterfaceRoute(IpPrefix.Parse($"172.16.{index / 250}.{index % 250}/32"), lab.Address)));
        given.AddRange(Enumerable.Range(0, 1000).Select(index => new InterfaceRoute(IpPrefix.Parse($"fd88::{index:x}/128"), lab.Address6)));
        foreach (var route in given)
            lab.Tunnel.AddRoute(route.Prefix, route.Source);
        Assert.Equal(given.ToHashSet(), lab.Tunnel.ReadRoutes().ToHashSet());

        Assert.Equal([IpPrefix.Host(lab.Address), IpPrefix.Host(lab.Address6)], lab.Tunnel.ReadAddresses().Where(one => !one.ToString().StartsWith("fe80", StringComparison.Ordinal)));
        lab.Host.Ip("link", "set", "tun0", "down");
        Assert.Empty(lab.Tunnel.ReadRoutes());
        Assert.Equal([IpPrefix.Host(lab.Address)], lab.Tunnel.ReadAddresses());
    }

    private sealed class Machine : IDisposable
    {
        private readonly TunDevice _device;

        public Machine(Topology topology)
        {
            Host = topology.Host("host");
            var router = topology.Host("router");
            Topology.Cable(router, "lan0", ["192.168.1.1/24", "fd55::1/64"], Host, "eth0", ["192.168.1.2/24", "fd55::2/64"]);
            _device = LinkEmulator.OpenTun(Host, "tun0", [$"{Address}/32", $"{Address6}/128"]);
            Tunnel = Host.Enter(() => NetworkInterface.Open("tun0"));
        }

        public NetworkNamespace Host { get; }

        public NetworkInterface Tunnel { get; }

        public IpAddress Address { get; } = IpAddress.Parse("100.64.0.1");

        public IpAddress Address6 { get; } = IpAddress.Parse("fd77::1");

        public string DeviceFor(string address)
        {
            string[] words = Host.Ip("route", "get", address).Split(' ');
            return words[Array.IndexOf(words, "dev") + 1];
        }

        public void Dispose()
        {
            Tunnel.Dispose();
            _device.Dispose();
        }
    }
}
