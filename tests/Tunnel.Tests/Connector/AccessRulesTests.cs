using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests;

public class AccessRulesTests
{
    private const byte Tcp = 6, Udp = 17, Icmp = 1;
    private const int Phone = 7, Tablet = 8;

    private static readonly ResourceRow Web = Resource(1, "192.168.1.20", ["100.64.1.1/32", "fd00::1:1/128"], tcp: [new(80, 80), new(8000, 8100)], icmp: true);
    private static readonly ResourceRow Lan = Resource(2, "192.168.1.0/24", ["100.64.2.0/24", "fd00::2:0/120"], tcp: [new(22, 22)]);
    private static readonly ResourceRow Name = Resource(3, "db.corp.local", ["100.64.3.1/32", "fd00::3:1/128"], udp: [new(53, 53)]);

    [Fact]
    [Trait("Promise", "A1")]
    public void Nothing_is_allowed_that_was_not_granted()
    {
        var rules = Compile();
        Assert.Equal(AccessVerdict.UnknownClient, Decide(rules, Tablet, "100.64.0.8", "192.168.1.20", Tcp, 80));
        Assert.Equal(AccessVerdict.UnknownClient, Decide(AccessRules.None, Phone, "100.64.0.7", "192.168.1.20", Tcp, 80));
        Assert.Equal(AccessVerdict.NotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.21", Tcp, 80, Web));
        Assert.Equal(AccessVerdict.PortNotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", Tcp, 79, Web));
        Assert.Equal(AccessVerdict.PortNotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", Udp, 80, Web));
        Assert.Equal(AccessVerdict.PortNotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", 132, 80, Web));
    }

    [Fact]
    [Trait("Promise", "D10")]
    public void A_client_cannot_speak_for_another()
    {
        var rules = Compile(Web);
        Assert.Equal(Phone, rules.FindClient(IpAddress.Parse("100.64.0.7")));
        Assert.Equal(-1, rules.FindClient(IpAddress.Parse("100.64.0.8")));
        // The session says Tablet, the packet says the phone's address.
        Assert.Equal(AccessVerdict.UnknownClient, rules.Decide(Tablet, IpAddress.Parse("100.64.0.7"), IpAddress.Parse("192.168.1.20"), Tcp, 80, out _));
    }

    [Fact]
    public void Ports_are_inclusive_ranges_and_icmp_is_its_own_switch()
    {
        foreach (ushort port in new ushort[] { 80, 8000, 8050, 8100 })
            Assert.Equal(AccessVerdict.Allowed, Decide(Compile(Web), Phone, "100.64.0.7", "192.168.1.20", Tcp, port));
        foreach (ushort port in new ushort[] { 1, 81, 7999, 8101, 65535 })
            Assert.Equal(AccessVerdict.PortNotGranted, Decide(Compile(Web), Phone, "100.64.0.7", "192.168.1.20", Tcp, port));
        Assert.Equal(AccessVerdict.Allowed, Decide(Compile(Web), Phone, "100.64.0.7", "192.168.1.20", Icmp, 0));
        Assert.Equal(AccessVerdict.PortNotGranted, Decide(Compile(Lan), Phone, "100.64.0.7", "192.168.1.20", Icmp, 0));
    }

    [Theory]
    [Trait("Promise", "D3")]
    [InlineData("192.168.1.0", AccessVerdict.NotGranted)]
    [InlineData("192.168.1.255", AccessVerdict.NotGranted)]
    [InlineData("192.168.1.1", AccessVerdict.Allowed)]
    [InlineData("192.168.1.254", AccessVerdict.Allowed)]
    [InlineData("100.64.2.0", AccessVerdict.NotGranted)]
    [InlineData("100.64.2.255", AccessVerdict.NotGranted)]
    [InlineData("100.64.2.7", AccessVerdict.Allowed)]
    [InlineData("fd00::2:0", AccessVerdict.NotGranted)]
    [InlineData("fd00::2:ff", AccessVerdict.NotGranted)]
    [InlineData("fd00::2:7", AccessVerdict.Allowed)]
    public void A_granted_network_is_its_hosts_without_network_and_broadcast_address(string destination, AccessVerdict verdict)
    {
        string source = destination.Contains(':', StringComparison.Ordinal) ? "fd00::7" : "100.64.0.7";
        Assert.Equal(verdict, Decide(Compile(Lan), Phone, source, destination, Tcp, 22));
    }

    [Fact]
    public void Grants_that_cover_one_address_add_up()
    {
        var rules = Compile(Web, Lan);
        Assert.Equal(AccessVerdict.Allowed, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", Tcp, 80));
        Assert.Equal(AccessVerdict.Allowed, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", Tcp, 22));
        Assert.Equal(AccessVerdict.PortNotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.21", Tcp, 80));
    }

    [Theory]
    [InlineData("100.64.1.1", 80, "192.168.1.20")]
    [InlineData("fd00::1:1", 80, "192.168.1.20")]
    [InlineData("192.168.1.20", 80, "192.168.1.20")]
    [InlineData("100.64.2.77", 22, "192.168.1.77")]
    [InlineData("fd00::2:4d", 22, "192.168.1.77")]
    [InlineData("192.168.1.77", 22, "192.168.1.77")]
    [Trait("Promise", "D6")]
    public void Overlay_addresses_lead_to_the_destination_with_the_same_host_bits(string seen, ushort port, string expected)
    {
        Assert.Equal(AccessVerdict.Allowed, Compile(Web, Lan).Decide(Phone, Client(seen), IpAddress.Parse(seen), Tcp, port, out var target));
        Assert.Equal(expected, target.Address.ToString());
        Assert.Equal(port == 80, target.IsExact);
    }

    [Fact]
    public void Large_ipv6_destinations_keep_their_host_bits()
    {
        var wide = Resource(4, "2001:db8:1::/56", ["fd00:1:2:300::/56"], tcp: [new(1, 65535)]);
        var rules = Compile(wide);
        Assert.Equal(AccessVerdict.Allowed, rules.Decide(Phone, IpAddress.Parse("fd00::7"), IpAddress.Parse("fd00:1:2:3ab:1:2:3:4"), Tcp, 80, out var target));
        Assert.Equal("2001:db8:1:ab:1:2:3:4", target.Address.ToString());
    }

    [Fact]
    public void A_name_is_reached_at_its_overlay_address_only()
    {
        Assert.Equal(AccessVerdict.Allowed, Compile(Name).Decide(Phone, IpAddress.Parse("100.64.0.7"), IpAddress.Parse("100.64.3.1"), Udp, 53, out var target));
        Assert.True(target is { IsName: true, IsExact: false } && target.Resource.Destination == "db.corp.local");
    }

    [Fact]
    public void An_overlay_only_grant_leaves_the_native_address_closed()
    {
        var table = Table([Web]) with { Grants = [new GrantRow(Phone, [1], [1])] };
        var rules = AccessRules.Compile(table);
        Assert.Equal(AccessVerdict.NotGranted, Decide(rules, Phone, "100.64.0.7", "192.168.1.20", Tcp, 80));
        Assert.Equal(AccessVerdict.Allowed, Decide(rules, Phone, "100.64.0.7", "100.64.1.1", Tcp, 80));
    }

    [Fact]
    public void Rows_that_make_no_sense_grant_nothing()
    {
        var table = Table([Web with { Overlay = ["nonsense"], Destination = "300.1.1.1/33" }]) with { Grants = [new GrantRow(Phone, [1, 99], []), new GrantRow(98, [1], [])] };
        Assert.Equal(0, AccessRules.Compile(table).ClientCount);
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var rules = Compile(Web, Lan, Name);
        var (source, destination) = (IpAddress.Parse("100.64.0.7"), IpAddress.Parse("100.64.2.77"));
        rules.Decide(Phone, source, destination, Tcp, 22, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            rules.Decide(Phone, source, destination, Tcp, 22, out _);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static IpAddress Client(string seen) => IpAddress.Parse(seen.Contains(':', StringComparison.Ordinal) ? "fd00::7" : "100.64.0.7");

    private static AccessRules Compile(params ResourceRow[] resources) => AccessRules.Compile(Table(resources));

    private static Table Table(ResourceRow[] resources) => new()
    {
        Revision = 1,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10", "fd00::/48"],
        Peers =
        [
            new PeerRow(Phone, PeerKind.ExternalClient, "phone", null, null, ["100.64.0.7", "fd00::7"], null, true, false),
            new PeerRow(Tablet, PeerKind.ExternalClient, "tablet", null, null, ["100.64.0.8", "fd00::8"], null, true, false),
        ],
        Resources = resources,
        Grants = resources.Length == 0 ? [] : [new GrantRow(Phone, [.. resources.Select(resource => resource.Id)], [])],
    };

    private static ResourceRow Resource(int id, string destination, string[] overlay, PortRange[]? tcp = null, PortRange[]? udp = null, bool icmp = false) =>
        new(id, 1, $"r{id}", destination, overlay, null, tcp ?? [], udp ?? [], icmp);

    private static AccessVerdict Decide(AccessRules rules, int client, string source, string destination, byte protocol, ushort port) =>
        rules.Decide(client, IpAddress.Parse(source), IpAddress.Parse(destination), protocol, port, out _);

    private static AccessVerdict Decide(AccessRules _, int client, string source, string destination, byte protocol, ushort port, params ResourceRow[] granted) =>
        Decide(Compile(granted), client, source, destination, protocol, port);
}
