using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Sessions.TransportWorld;

namespace Keyhole.Tunnel.Tests.Sessions;

/// <summary>When a relay is reached by TLS, and when by UDP again (docs/protocol.md, rule 26).</summary>
[Trait("Promise", "A9")]
public class TransportTests
{
    [Fact]
    public void While_UDP_is_answered_nobody_asks_for_TLS()
    {
        using var world = new TransportWorld();
        world.Start();
        world.Run(600 * Second);
        Assert.Equal((RegistrationState.Live, RelayTransport.Udp), (world.Status.State, world.Status.Transport));
        Assert.Empty(world.Relay.Attempts);
    }

    [Fact]
    public void One_second_after_the_second_unanswered_registration_TLS_begins_and_serves()
    {
        using var world = new TransportWorld();
        world.Relay.BlockUdp(true);
        world.Start();
        long start = world.Now;
        world.Until(() => world.State.IsRegistered, 3 * Second);
        Assert.Equal(1_500 * Millisecond, Assert.Single(world.Relay.Attempts) - start);
        Assert.Equal(RelayTransport.Tls, world.Status.Transport);
        Assert.InRange(world.Status.UnansweredTime, 1_500 * Millisecond, 1_600 * Millisecond);
        world.Run(20 * Second);
        Assert.Equal(RegistrationState.Live, world.Status.State);
        Assert.True(Assert.Single(world.Relay.State.Describe(world.Now)).Address!.Value.Address.IsDiscardOnly);
    }

    [Theory]
    [InlineData(5, 1_000)]
    [InlineData(300, 8_000)]
    public void An_address_without_a_way_costs_four_tenths_of_a_second_and_no_TLS(int latency, int patience)
    {
        using var world = new TransportWorld();
        world.Relay.Latency = latency * Millisecond;
        string end = world.Relay.Endpoint.ToString();
        world.Start(row => row with { Endpoints = ["198.51.100.9:21820", "[2001:db8::9]:21820", end], Tls = latency < 100 ? row.Tls : null });
        long start = world.Now;
        world.Until(() => world.State.IsRegistered, patience * Millisecond);
        Assert.Equal(800 * Millisecond, world.Relay.Udp[0].At - start);
        Assert.Empty(world.Relay.Attempts);
        Assert.Equal(RelayTransport.Udp, world.Status.Transport);
    }

    [Fact]
    public void A_relay_that_goes_silent_is_asked_at_its_own_address_for_two_seconds_before_the_next()
    {
        using var world = new TransportWorld();
        world.Start(row => row with { Endpoints = [row.Endpoints[0], "198.51.100.9:21820"], Tls = null });
        world.Until(() => world.State.IsRegistered, Second);
        world.Relay.BlockUdp(true);
        world.Until(() => world.Status.State == RegistrationState.Registering, 60 * Second);
        long start = world.Now;
        world.Relay.Udp.Clear();
        world.Run(10 * Second);
        Assert.Contains(world.Relay.Udp, sent => sent.At - start is > Second and < 2 * Second);
        Assert.DoesNotContain(world.Relay.Udp, sent => sent.At - start is > 2_100 * Millisecond and < 3_900 * Millisecond);
    }

    [Fact]
    public void A_relay_whose_name_has_no_address_is_reached_by_TLS_until_it_has_one()
    {
        using var world = new TransportWorld();
        world.Start(row => row with { Endpoints = ["vps.example.com:21820"] });
        long start = world.Now;
        world.Until(() => world.State.IsRegistered, 3 * Second);
        Assert.Equal(1_500 * Millisecond, Assert.Single(world.Relay.Attempts) - start);
        Assert.Equal(RelayTransport.Tls, world.Status.Transport);

        // The connection breaks, and is made anew; then the name resolves.
        world.Break(world.Relay);
        world.Until(() => !world.State.IsRegistered || world.Relay.Attempts.Count > 1, 10 * Second);
        world.Until(() => world.State.IsRegistered && world.Relay.Attempts.Count > 1, 10 * Second);
        world.State.SetRelayEndpoints(1, [world.Relay.Endpoint], world.Now);
        world.Until(() => world.Status is { Transport: RelayTransport.Udp, State: RegistrationState.Live }, 40 * Second);
        world.State.SetRelayEndpoints(1, [], world.Now);
        world.Until(() => world.Status is { Transport: RelayTransport.Tls, State: RegistrationState.Live }, 10 * Second);
    }

    [Fact]
    public void A_relay_without_TLS_is_only_tried_by_UDP()
    {
        using var world = new TransportWorld();
        world.Relay.BlockUdp(true);
        world.Start(row => row with { Tls = null });
        world.Run(60 * Second);
        Assert.Empty(world.Relay.Attempts);
        world.Start();
        world.Until(() => world.State.IsRegistered, 3 * Second);
        world.Start(row => row with { Tls = null });
        Assert.Single(world.Relay.Closings);
        world.Relay.BlockUdp(false);
        world.Until(() => world.State.IsRegistered && world.Status.Transport == RelayTransport.Udp, 10 * Second);
    }

    [Fact]
    public void When_UDP_stops_in_the_middle_TLS_serves_within_6_seconds()
    {
        using var world = new TransportWorld();
        world.Start();
        world.Run(10 * Second);
        world.Relay.BlockUdp(true);
        Assert.InRange(world.Until(() => world.Status is { Transport: RelayTransport.Tls, State: RegistrationState.Live }, 10 * Second), 0, 6 * Second);
    }

    [Fact]
    public void UDP_is_probed_every_30_seconds_to_5_minutes()
    {
        using var world = OnTls();
        world.Relay.Udp.Clear();
        long start = world.Now;
        world.Run(1800 * Second);
        var probes = world.Relay.Udp.Select(probe => (probe.At - start) / Second).ToList();
        long[] expected = [30, 90, 210, 450, 750, 1050, 1350, 1650];
        Assert.Equal(expected.Length, probes.Count);
        Assert.All(probes.Zip(expected), pair => Assert.InRange(pair.First, pair.Second - 2, pair.Second));
        Assert.All(world.Relay.Udp, probe => Assert.True(probe.Length > 1200));
        Assert.Equal((RegistrationState.Live, RelayTransport.Tls), (world.Status.State, world.Status.Transport));
    }

    [Fact]
    public void When_a_probe_is_answered_UDP_serves_again_and_TLS_is_kept_for_10_seconds()
    {
        using var world = OnTls();
        world.Relay.BlockUdp(false);
        world.Until(() => world.Status.Transport == RelayTransport.Udp, 31 * Second);
        long back = world.Now;
        world.Run(Second);
        Assert.Equal(RegistrationState.Live, world.Status.State);
        Assert.Equal(world.Relay.Endpoint, world.Status.Endpoint);
        Assert.False(Assert.Single(world.Relay.State.Describe(world.Now)).Address!.Value.Address.IsDiscardOnly);
        Assert.Empty(world.Relay.Closings);
        world.Run(20 * Second);
        Assert.InRange(Assert.Single(world.Relay.Closings) - back, 10 * Second - 20 * Millisecond, 10 * Second);
        world.Run(60 * Second);
        Assert.Single(world.Relay.Attempts);
        Assert.Equal(1, world.Status.Registrations);
    }

    [Fact]
    public void When_UDP_dies_again_meanwhile_the_kept_connection_serves_at_once()
    {
        using var world = OnTls();
        world.Relay.BlockUdp(false);
        world.Until(() => world.Status.Transport == RelayTransport.Udp, 31 * Second);
        world.Run(2 * Second);
        world.Relay.BlockUdp(true);
        world.Until(() => world.Status is { Transport: RelayTransport.Tls, State: RegistrationState.Live }, 5 * Second);
        Assert.Single(world.Relay.Attempts);
        Assert.Empty(world.Relay.Closings);

        // What came back for moments only is not asked as often.
        world.Relay.Udp.Clear();
        world.Run(119 * Second);
        Assert.Empty(world.Relay.Udp);
        world.Run(2 * Second);
        Assert.Single(world.Relay.Udp);
    }

    [Fact]
    public void UDP_that_passes_one_way_only_is_not_used()
    {
        using var world = OnTls();
        world.Relay.TakesUdp = true;
        world.Run(300 * Second);
        Assert.Equal((RegistrationState.Live, RelayTransport.Tls), (world.Status.State, world.Status.Transport));
        world.Relay.TakesUdp = false;
        world.Relay.SendsUdp = true;
        world.Run(900 * Second);
        Assert.Equal((RegistrationState.Live, RelayTransport.Tls), (world.Status.State, world.Status.Transport));
    }

    [Fact]
    public void A_connection_that_cannot_be_had_is_tried_again_later_each_time_while_UDP_goes_on()
    {
        using var world = new TransportWorld();
        world.Relay.BlockUdp(true);
        world.Relay.HasTls = false;
        world.Start();
        world.Run(120 * Second);
        var waits = world.Relay.Attempts.Zip(world.Relay.Attempts.Skip(1)).Select(pair => (pair.Second - pair.First) / Second).ToList();
        Assert.Equal([1, 2, 4, 8, 16, 30], waits.Take(6));
        Assert.True(world.Relay.Udp.Count > 20);
        world.Relay.BlockUdp(false);
        world.Until(() => world.State.IsRegistered, 10 * Second);
        int attempts = world.Relay.Attempts.Count;
        world.Run(120 * Second);
        Assert.Equal(attempts, world.Relay.Attempts.Count);
    }

    [Fact]
    public void A_connection_in_which_nobody_answers_is_given_up()
    {
        using var world = new TransportWorld();
        world.Relay.BlockUdp(true);
        world.Relay.TlsWorks = false;
        world.Start();
        world.Run(30 * Second);
        Assert.True(world.Relay.Attempts.Count >= 3);
        Assert.Equal(5 * Second, world.Relay.Closings[0] - world.Relay.Attempts[0] - 20 * Millisecond);
        world.Relay.TlsWorks = true;
        world.Until(() => world.Status is { Transport: RelayTransport.Tls, State: RegistrationState.Live }, 40 * Second);

        // The same when it served before: the way broke, and nobody said so.
        world.Relay.TlsWorks = false;
        world.Run(10 * Second);
        Assert.NotEqual(RegistrationState.Live, world.Status.State);
        world.Relay.TlsWorks = true;
        world.Until(() => world.Status is { Transport: RelayTransport.Tls, State: RegistrationState.Live }, 40 * Second);
    }

    [Fact]
    public void A_connection_that_breaks_is_made_again_after_a_second()
    {
        using var world = OnTls();
        world.Break(world.Relay);
        Assert.InRange(world.Until(() => world.State.IsRegistered && world.Status.Transport == RelayTransport.Tls, 5 * Second), Second, 1_100 * Millisecond);
    }

    [Fact]
    public void What_a_closed_connection_still_brings_changes_nothing()
    {
        using var world = OnTls();
        var stream = world.Status.StreamEndpoint!.Value;
        world.Relay.BlockUdp(false);
        world.Until(() => world.Status.Transport == RelayTransport.Udp, 31 * Second);
        world.Run(20 * Second);
        world.State.StreamClosed(stream, world.Now);
        world.State.StreamOpened(stream, world.Now);
        world.Run(5 * Second);
        Assert.Equal((RegistrationState.Live, RelayTransport.Udp), (world.Status.State, world.Status.Transport));
        world.State.StreamOpened(new IpEndpoint(IpAddress.DiscardOnly(77), 443), world.Now);
        Assert.Single(world.Relay.Attempts);
    }

    private static TransportWorld OnTls()
    {
        var world = new TransportWorld();
        world.Relay.BlockUdp(true);
        world.Start();
        world.Until(() => world.State.IsRegistered, 3 * Second);
        return world;
    }
}
