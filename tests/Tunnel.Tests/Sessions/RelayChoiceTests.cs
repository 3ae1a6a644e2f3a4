using static Keyhole.Tunnel.Tests.Sessions.TransportWorld;

namespace Keyhole.Tunnel.Tests.Sessions;

/// <summary>Which of several relays is used.</summary>
public class RelayChoiceTests
{
    [Fact]
    public void The_nearest_relay_is_used_and_the_order_of_the_table_breaks_ties()
    {
        using var near = new TransportWorld(2);
        near.Relays[0].Latency = 60 * Millisecond;
        near.Start();
        near.Run(15 * Second);
        Assert.Equal("relay-2", near.State.CurrentRelay);

        using var equal = new TransportWorld(2);
        equal.Start();
        equal.Run(15 * Second);
        Assert.Equal("relay-1", equal.State.CurrentRelay);
    }

    [Fact]
    public void Another_one_is_taken_only_when_it_is_clearly_nearer_for_a_while()
    {
        using var world = new TransportWorld(2);
        world.Relays[0].Latency = 20 * Millisecond;
        world.Relays[1].Latency = 22 * Millisecond;
        world.Start();
        world.Run(15 * Second);
        Assert.Equal("relay-1", world.State.CurrentRelay);
        world.Relays[0].Latency = 24 * Millisecond;
        world.Run(60 * Second);
        Assert.Equal("relay-1", world.State.CurrentRelay);
        world.Relays[0].Latency = 60 * Millisecond;
        long moved = world.Until(() => world.State.CurrentRelay == "relay-2", 60 * Second);
        Assert.True(moved > RelayChoice.Patience);
        world.Relays[0].Latency = 20 * Millisecond;
        world.Run(60 * Second);
        Assert.Equal("relay-2", world.State.CurrentRelay);
    }

    [Fact]
    [Trait("Promise", "A11")]
    public void When_the_relay_in_use_is_lost_the_other_one_takes_over_after_two_missed_pings()
    {
        using var world = new TransportWorld(2);
        world.Start();
        world.Run(15 * Second);
        world.Relays[0].BlockUdp(true);
        world.Relays[0].HasTls = false;
        Assert.InRange(world.Until(() => world.State.CurrentRelay == "relay-2", 10 * Second), 0, 3_600 * Millisecond);
        world.Relays[0].BlockUdp(false);
        world.Run(60 * Second);
        Assert.Equal("relay-2", world.State.CurrentRelay);
    }

    [Fact]
    public void A_single_lost_ping_moves_nothing()
    {
        using var world = new TransportWorld(2);
        world.Start();
        world.Run(15 * Second);
        for (int i = 0; i < 20; i++)
        {
            world.Relays[0].SendsUdp = false;
            int sent = world.Relays[0].Udp.Count;
            world.Until(() => world.Relays[0].Udp.Count > sent, 10 * Second);
            world.Run(20 * Millisecond);
            world.Relays[0].SendsUdp = true;
            world.Run(3 * Second);
            Assert.Equal("relay-1", world.State.CurrentRelay);
        }
    }

    [Fact]
    public void UDP_far_away_is_better_than_TLS_nearby_unless_it_is_very_far()
    {
        using var world = new TransportWorld(2);
        world.Relays[0].BlockUdp(true);
        world.Relays[1].Latency = 30 * Millisecond;
        world.Start();
        world.Run(20 * Second);
        Assert.Equal("relay-2", world.State.CurrentRelay);
        world.Relays[1].Latency = 120 * Millisecond;
        world.Run(60 * Second);
        Assert.Equal("relay-1", world.State.CurrentRelay);
    }
}
