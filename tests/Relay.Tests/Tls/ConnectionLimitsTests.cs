using System.Net;
using Keyhole.Packets;

namespace Keyhole.Relay.Tests.Tls;

/// <summary>How many TCP connections there may be.</summary>
public class ConnectionLimitsTests
{
    private static readonly IpAddress One = ConnectionLimits.SourceOf(IPAddress.Parse("192.0.2.1"));
    private static readonly IpAddress Other = ConnectionLimits.SourceOf(IPAddress.Parse("192.0.2.2"));

    private readonly ConnectionLimits _limits = new();

    [Fact]
    public void One_source_that_says_nothing_keeps_nobody_else_out()
    {
        for (int i = 0; i < ConnectionLimits.MaximumUnprovenPerSource; i++)
            Assert.True(_limits.TryEnter(One));
        Assert.False(_limits.TryEnter(One));
        Assert.True(_limits.TryEnter(Other));
        _limits.Prove(One);
        Assert.True(_limits.TryEnter(One));
        Assert.False(_limits.TryEnter(One));
        _limits.Leave(One, isProven: false);
        Assert.True(_limits.TryEnter(One));
    }

    [Fact]
    public void An_IPv6_source_is_its_64()
    {
        Assert.Equal(ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::1")), ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::ffff:1")));
        Assert.NotEqual(ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::1")), ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.Equal(One, ConnectionLimits.SourceOf(IPAddress.Parse("::ffff:192.0.2.1")));
    }

    [Fact]
    public void Proven_ones_are_bounded_too_and_everything_is_given_back()
    {
        for (int i = 0; i < ConnectionLimits.MaximumPerSource; i++)
        {
            Assert.True(_limits.TryEnter(One));
            _limits.Prove(One);
        }

        Assert.False(_limits.TryEnter(One));
        for (int i = 0; i < ConnectionLimits.MaximumPerSource; i++)
            _limits.Leave(One, isProven: true);
        Assert.Equal(0, _limits.Count);
        Assert.True(_limits.TryEnter(One));
    }
}
