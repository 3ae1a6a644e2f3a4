using System.Net.NetworkInformation;
using Keyhole.Net;
using NetworkInterface = System.Net.NetworkInformation.NetworkInterface;

namespace Keyhole.Edge.Tests;

public class HostInterfacesTests
{
    [Fact]
    [Trait("Promise", "D3"), Trait("Threat", "19")]
    public void An_interface_that_goes_while_it_is_looked_at_is_no_longer_there_at_the_next_look()
    {
        int count = 0;
        int seen = HostInterfaces.Read(
            () => ++count == 1 ? [new Gone(), new Gone()] : [],
            interfaces => interfaces.Sum(one => one.GetIPProperties().UnicastAddresses.Count));
        Assert.Equal((0, 2), (seen, count));
    }

    [Fact]
    public void The_list_itself_may_stumble_too()
    {
        int count = 0;
        Assert.Empty(HostInterfaces.Read(() => ++count < 3 ? throw new ArgumentException("An invalid IP address was specified.") : [], interfaces => interfaces));
    }

    [Fact]
    public void What_fails_again_and_again_is_said_in_one_way()
    {
        var e = Assert.Throws<NetworkException>(() => HostInterfaces.Read(() => [new Gone()], interfaces => interfaces[0].GetIPProperties()));
        Assert.Contains("mtu", e.Message, StringComparison.Ordinal);
    }

    /// <summary>A veth whose other end went in between.</summary>
    private sealed class Gone : NetworkInterface
    {
        public override IPInterfaceProperties GetIPProperties() => throw new FileNotFoundException("/sys/class/net/veth0/mtu");
    }
}
