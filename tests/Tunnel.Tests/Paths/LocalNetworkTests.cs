using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>docs/protocol.md, rule 17.</summary>
public class LocalNetworkTests
{
    private static readonly IpEndpoint Own = RelayWorld.End("198.51.100.1:5000");
    private static readonly IpEndpoint Same = RelayWorld.End("198.51.100.1:6000");
    private static readonly IpEndpoint Other = RelayWorld.End("192.0.2.1:6000");
    private static readonly IpAddress Relay = IpAddress.Parse("203.0.113.10");

    [Theory]
    [InlineData("192.0.2.1:6000", true)]
    [InlineData("203.0.113.9:1024", true)]
    [InlineData("[2001:db8::1]:6000", true)]
    [InlineData("203.0.113.9:1023", false)]
    [InlineData("203.0.113.9:0", false)]
    [InlineData("127.0.0.1:6000", false)]
    [InlineData("0.0.0.0:6000", false)]
    [InlineData("0.1.2.3:6000", false)]
    [InlineData("169.254.169.254:6000", false)]
    [InlineData("224.0.0.1:6000", false)]
    [InlineData("255.255.255.255:6000", false)]
    [InlineData("240.0.0.1:6000", false)]
    [InlineData("[::]:6000", false)]
    [InlineData("[::1]:6000", false)]
    [InlineData("[fe80::1]:6000", false)]
    [InlineData("[ff02::1]:6000", false)]
    [InlineData("100.64.0.9:6000", false)]
    [InlineData("[fd00::9]:6000", false)]
    [InlineData("10.0.0.1:6000", false)]
    [InlineData("192.168.7.9:6000", false)]
    [InlineData("172.16.0.1:6000", false)]
    [InlineData("[fd55::1]:6000", false)]
    [Trait("Threat", "19")]
    public void Only_public_unicast_addresses_are_tried_at_another_network(string candidate, bool expected) =>
        Assert.Equal(expected, Network().MayTry(RelayWorld.End(candidate), Own, Other, Relay));

    [Theory]
    [InlineData("192.168.7.9:6000", true)]
    [InlineData("[fd55::9]:6000", true)]
    [InlineData("192.168.8.9:6000", false)]
    [InlineData("10.0.0.1:6000", false)]
    [InlineData("192.168.7.2:6000", false)]
    public void Private_ones_are_tried_behind_the_same_address_and_on_an_own_link(string candidate, bool expected) =>
        Assert.Equal(expected, Network().MayTry(RelayWorld.End(candidate), Own, Same, Relay));

    [Fact]
    public void A_relay_inside_a_private_network_sees_private_addresses()
    {
        var reflexive = RelayWorld.End("10.9.0.4:6000");
        Assert.True(Network().MayTry(reflexive, RelayWorld.End("10.1.0.5:5000"), reflexive, IpAddress.Parse("10.1.0.9")));
        Assert.False(Network().MayTry(reflexive, RelayWorld.End("10.1.0.5:5000"), reflexive, Relay), "A relay outside cannot see that.");
        Assert.False(Network().MayTry(reflexive, Own, reflexive, IpAddress.Parse("10.1.0.9")));
    }

    [Fact]
    public void The_offer_holds_what_others_could_use_and_no_more_than_a_message()
    {
        var network = Network();
        Assert.Equal(["[2001:db8:1::2]:5000", "192.168.7.2:5000", "[fd55::2]:5000"], Offer(network));
        Assert.True(network.SetMapped([RelayWorld.End("198.51.100.1:7777")]));
        Assert.False(network.SetMapped([RelayWorld.End("198.51.100.1:7777")]));
        Assert.Equal("198.51.100.1:7777", Offer(network)[0]);
        Assert.False(network.SetAddresses(Addresses, 5000));
        Assert.True(network.SetAddresses([.. Addresses, .. Enumerable.Range(1, 20).Select(n => new LocalAddress(new IpAddress(0x0A00_0000u + (uint)n), 24))], 5000));
        Assert.Equal(SessionCandidates.MaximumCount, Offer(network).Count);
        Assert.True(network.SetAddresses(Addresses, 80));
        Assert.Equal(["198.51.100.1:7777"], Offer(network));
    }

    private static IReadOnlyList<LocalAddress> Addresses { get; } =
    [
        new(IpAddress.Parse("127.0.0.1"), 8), new(IpAddress.Parse("192.168.7.2"), 24), new(IpAddress.Parse("100.64.0.2"), 32), new(IpAddress.Parse("fe80::2"), 64),
        new(IpAddress.Parse("2001:db8:1::2"), 64), new(IpAddress.Parse("fd55::2"), 64),
    ];

    private static LocalNetwork Network()
    {
        var network = new LocalNetwork();
        network.SetOverlay(["100.64.0.0/10", "fd00::/48"]);
        Assert.True(network.SetAddresses(Addresses, 5000));
        return network;
    }

    private static List<string> Offer(LocalNetwork network) =>
        [.. Enumerable.Range(0, SessionCandidates.MaximumCount).Select(index => network.Offer[index]).Where(endpoint => !endpoint.IsNone).Select(endpoint => endpoint.ToIpEndpoint().ToString())];
}
