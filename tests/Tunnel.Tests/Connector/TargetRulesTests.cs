using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests;

public class TargetRulesTests
{
    private static readonly TargetRules Rules = new([IpAddress.Parse("192.168.1.2"), IpAddress.Parse("192.168.1.255"), IpAddress.Parse("fd55::2")]);

    [Theory]
    [InlineData("127.0.0.1"), InlineData("127.8.8.8"), InlineData("0.1.2.3"), InlineData("169.254.169.254"), InlineData("169.254.1.1")]
    [InlineData("::1"), InlineData("fe80::1"), InlineData("fd00:ec2::254"), InlineData("::127.0.0.1"), InlineData("64:ff9b::7f00:1"), InlineData("2002:7f00:1::1")]
    [InlineData("192.168.1.2"), InlineData("192.168.1.255"), InlineData("fd55::2")]
    [Trait("Threat", "19")]
    public void Own_and_trusting_addresses_need_a_grant_of_exactly_them(string address)
    {
        Assert.False(Rules.Allows(IpAddress.Parse(address), isExact: false));
        Assert.True(Rules.Allows(IpAddress.Parse(address), isExact: true));
    }

    [Theory]
    [InlineData("0.0.0.0"), InlineData("224.0.0.1"), InlineData("239.255.255.255"), InlineData("255.255.255.255"), InlineData("::"), InlineData("ff02::1")]
    public void Groups_are_no_hosts_whatever_was_granted(string address)
    {
        Assert.False(Rules.Allows(IpAddress.Parse(address), isExact: false));
        Assert.False(Rules.Allows(IpAddress.Parse(address), isExact: true));
    }

    [Theory]
    [InlineData("192.168.1.20"), InlineData("10.0.0.1"), InlineData("8.8.8.8"), InlineData("fd55::20"), InlineData("2001:db8::1")]
    public void Other_addresses_are_targets(string address) => Assert.True(Rules.Allows(IpAddress.Parse(address), isExact: false));
}
