using Keyhole.Packets;
using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

public class AllowedIpsTests(ITestOutputHelper output)
{
    /// <summary>The addresses of the kernel's selftest/allowedips.c.</summary>
    [Fact]
    public void The_longest_prefix_wins()
    {
        using var nodes = new Nodes(8);
        var (a, b, c, d, e, f, g, h) = (nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5], nodes[6], nodes[7]);
        Add(a, "192.168.4.0/24");
        Add(b, "192.168.4.4/32");
        Add(c, "192.168.0.0/16");
        Add(d, "192.95.5.64/27");
        Add(c, "192.95.5.65/27");
        Add(e, "0.0.0.0/0");
        Add(f, "2607:5300:6000:6b00::c05f:543/128");
        Add(c, "2607:5300:6000:6b00::/64");
        Add(e, "::/0");
        Add(g, "64.15.112.0/20");
        Add(h, "64.15.123.211/25");
        Add(a, "10.0.0.0/25");
        Add(b, "10.0.0.128/25");
        Add(a, "10.1.0.0/30");

        (Peer Peer, string Address)[] routes =
        [
            (a, "192.168.4.20"), (a, "192.168.4.0"), (b, "192.168.4.4"), (c, "192.168.200.182"), (c, "192.95.5.68"), (e, "192.95.5.96"),
            (f, "2607:5300:6000:6b00::c05f:543"), (c, "2607:5300:6000:6b00::c02e:1ee"), (e, "2607:5300:6000:6b01::"), (e, "2001::1"),
            (g, "64.15.116.26"), (g, "64.15.127.3"), (h, "64.15.123.128"), (e, "64.15.96.1"),
            (a, "10.0.0.127"), (b, "10.0.0.128"), (a, "10.1.0.3"), (e, "10.1.0.4"), (e, "255.255.255.255"),
        ];
        foreach (var (peer, address) in routes)
            Assert.True(peer == nodes.Device.Route(IpAddress.Parse(address)), address);

        void Add(Peer peer, string prefix)
        {
            int slash = prefix.IndexOf('/', StringComparison.Ordinal);
            peer.AllowedIps.Add(new IpPrefix(IpAddress.Parse(prefix.AsSpan(0, slash)), int.Parse(prefix.AsSpan(slash + 1), provider: null)));
        }
    }

    [Fact]
    public void A_default_route_of_one_family_does_not_hold_the_other()
    {
        using var nodes = new Nodes(2);
        nodes[0].AllowedIps.Add(IpPrefix.Parse("::/0"));
        Assert.Null(nodes.Device.Route(IpAddress.Parse("10.0.0.1")));
        nodes[1].AllowedIps.Add(IpPrefix.Parse("0.0.0.0/0"));
        Assert.Same(nodes[1], nodes.Device.Route(IpAddress.Parse("10.0.0.1")));
        Assert.Same(nodes[0], nodes.Device.Route(IpAddress.Parse("fd00::1")));
    }

    [Fact]
    public void A_prefix_moves_to_the_peer_that_got_it_last()
    {
        using var nodes = new Nodes(2);
        var prefix = IpPrefix.Parse("10.0.0.0/8");
        nodes[0].AllowedIps.Add(prefix);
        nodes[1].AllowedIps.Add(prefix);
        Assert.Empty(nodes[0].AllowedIps);
        Assert.Equal([prefix], nodes[1].AllowedIps);
        Assert.False(nodes[0].AllowedIps.Remove(prefix));
        Assert.Same(nodes[1], nodes.Device.Route(IpAddress.Parse("10.1.2.3")));
        nodes[1].AllowedIps.Add(prefix);
        Assert.Single(nodes[1].AllowedIps);
        Assert.True(nodes[1].AllowedIps.Remove(prefix));
        Assert.Null(nodes.Device.Route(IpAddress.Parse("10.1.2.3")));
    }

    [Fact]
    public void A_removed_peer_routes_nothing_and_takes_nothing()
    {
        using var nodes = new Nodes(2);
        var peer = nodes[0];
        peer.AllowedIps.Add(IpPrefix.Parse("10.0.0.0/8"));
        peer.AllowedIps.Add(IpPrefix.Parse("fd00::/8"));
        nodes.Device.RemovePeer(peer);
        Assert.Empty(peer.AllowedIps);
        Assert.Null(nodes.Device.Route(IpAddress.Parse("10.1.2.3")));
        Assert.Null(nodes.Device.Route(IpAddress.Parse("fd00::1")));
        Assert.Throws<InvalidOperationException>(() => peer.AllowedIps.Add(IpPrefix.Parse("10.0.0.0/8")));
    }

    [Fact]
    public void The_trie_agrees_with_its_definition_over_random_changes()
    {
        var random = new Random(Seed.Take(output));
        using var nodes = new Nodes(4);
        var naive = new NaiveAllowedIps();
        for (int step = 0; step < 3000; step++)
        {
            var prefix = RandomPrefix(random);
            var peer = nodes[random.Next(4)];
            switch (random.Next(4))
            {
                case 0 or 1:
                    peer.AllowedIps.Add(prefix);
                    naive.Add(prefix, peer);
                    break;
                case 2:
                    Assert.Equal(naive.Remove(prefix, peer), peer.AllowedIps.Remove(prefix));
                    break;
                default:
                    if (peer.AllowedIps.Count > 0)
                    {
                        prefix = peer.AllowedIps.ElementAt(random.Next(peer.AllowedIps.Count));
                        Assert.True(naive.Remove(prefix, peer));
                        Assert.True(peer.AllowedIps.Remove(prefix));
                    }

                    break;
            }

            var address = RandomAddress(random);
            Assert.Same(naive.Find(address), nodes.Device.Route(address));
            if (step % 500 == 0)
                for (int i = 0; i < 4; i++)
                    Assert.Equal(naive.Of(nodes[i]).Order(Comparer), nodes[i].AllowedIps.Order(Comparer));
        }

        for (int i = 0; i < 4; i++)
            nodes[i].AllowedIps.Clear();
        for (int i = 0; i < 200; i++)
            Assert.Null(nodes.Device.Route(RandomAddress(random)));
    }

    private static readonly Comparer<IpPrefix> Comparer = Comparer<IpPrefix>.Create((left, right) =>
        left.Address != right.Address ? left.Address.CompareTo(right.Address) : left.Length.CompareTo(right.Length));

    /// <summary>Few different bits, so that prefixes nest and share ends; all lengths, both families.</summary>
    private static IpPrefix RandomPrefix(Random random)
    {
        var address = RandomAddress(random);
        return new IpPrefix(address, random.Next(4) == 0 ? address.BitLength : random.Next(address.BitLength + 1));
    }

    private static IpAddress RandomAddress(Random random) => random.Next(2) == 0
        ? new IpAddress((uint)random.Next(4) << 30 | (uint)random.Next(2) << 16 | (uint)random.Next(8))
        : new IpAddress(((ulong)random.Next(2) << 63) | (uint)random.Next(4), ((ulong)random.Next(2) << 63) | (uint)random.Next(8));

    private sealed class Nodes : IDisposable
    {
        private readonly Node _device = new(100);
        private readonly Peer[] _peers;

        public Nodes(int count)
        {
            _peers = new Peer[count];
            for (int i = 0; i < count; i++)
            {
                using var other = new Node((byte)(i + 1));
                _peers[i] = _device.AddPeer(other, configure: options => options with { AllowedIps = [] });
            }
        }

        public Device Device => _device.Device;

        public Peer this[int index] => _peers[index];

        public void Dispose() => _device.Dispose();
    }
}
