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
    public void Handshakes_of_one_source_are_few_per_second_and_those_of_all_leave_the_processor_to_others()
    {
        const long Second = 1_000_000;
        Assert.True(_limits.TryEnter(One));
        Assert.Equal(ConnectionLimits.MaximumUnprovenPerSource, Begun(One, 0));
        Assert.Equal(ConnectionLimits.HandshakesPerSecondAndSource, Begun(One, Second));

        // Whoever goes and comes back finds what it left, and is forgotten when that would make no difference.
        _limits.Leave(One, isProven: false);
        _limits.Sweep(Second);
        Assert.True(_limits.TryEnter(One));
        Assert.Equal(0, Begun(One, Second));
        _limits.Leave(One, isProven: false);
        _limits.Sweep(4 * Second);
        Assert.Equal(1, _limits.SourceCount);
        _limits.Sweep(5 * Second);
        Assert.Equal(0, _limits.SourceCount);

        int all = 0;
        for (int i = 0; i < 100; i++)
        {
            var source = ConnectionLimits.SourceOf(new IPAddress(new byte[] { 198, 51, 100, (byte)i }));
            Assert.True(_limits.TryEnter(source));
            all += Begun(source, 6 * Second);
        }

        Assert.Equal(ConnectionLimits.HandshakesPerSecond, all);

        int Begun(IpAddress source, long now) => Enumerable.Range(0, 1000).Count(_ => _limits.TryBeginHandshake(source, now));
    }

    [Fact]
    public void An_IPv6_source_is_its_56()
    {
        Assert.Equal(ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::1")), ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::ffff:1")));
        Assert.NotEqual(ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::1")), ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8:0:100::1")));
        Assert.Equal(ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8::1")), ConnectionLimits.SourceOf(IPAddress.Parse("2001:db8:0:ff::1")));
        Assert.Equal(One, ConnectionLimits.SourceOf(IPAddress.Parse("::ffff:192.0.2.1")));
    }

    /// <summary>A /48 of an attacker's holds 256 sources.</summary>
    [Fact]
    [Trait("Threat", "12")]
    public void Many_sources_that_say_nothing_leave_places_to_others()
    {
        var sources = Enumerable.Range(0, 80).Select(i => ConnectionLimits.SourceOf(IPAddress.Parse($"2001:db8:0:{i:x}00::1"))).ToList();
        int entered = sources.Sum(source => Enumerable.Range(0, 1000).Count(_ => _limits.TryEnter(source)));
        Assert.InRange(entered, ConnectionLimits.MaximumUnproven / 2, ConnectionLimits.MaximumUnproven - 1);
        for (int i = 0; i < ConnectionLimits.MaximumUnprovenPerSource / 16; i++)
            Assert.True(_limits.TryEnter(Other));
        Assert.False(_limits.TryEnter(Other));
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
