using Keyhole.Contracts;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

public sealed class BlindSessionTests
{
    public static TheoryData<string, string> Pairs => new() { { "laptop", "office" }, { "laptop", "branch" }, { "desk", "office" }, { "desk", "branch" } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Two_nodes_have_a_session_through_a_relay_that_has_neither_key(string clientName, string connectorName)
    {
        using var world = new BlindWorld().Registered();
        var client = clientName == "laptop" ? world.Laptop : world.Desk;
        var connector = connectorName == "office" ? world.Office : world.Branch;
        world.Connected(client, connector);
        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Equal(2, world.State.RoutedHandshakeCount);
        Assert.True(client.PeerOf(connector).HasSession(world.Now));
    }

    [Fact]
    public void An_initiation_in_the_same_flight_as_the_registration_is_routed()
    {
        using var world = new BlindWorld();
        world.Laptop.IsDead = true;
        world.Run(3 * Second);
        world.Laptop.Boot();
        world.Laptop.IsDead = false;
        world.Laptop.Device.Tick(world.Now);
        world.Laptop.SendTo(world.Office, 1);
        Assert.Equal([1, 1], world.ToRelay.TakeLast(2).Select(flight => (int)flight.Bytes[0]));
        world.Run(31 * Millisecond);

        // Initiation, response and payload took two hops each, with the registration beside them.
        Assert.Single(world.Office.Received);
    }

    [Fact]
    [Trait("Threat", "10")]
    public void A_node_that_was_granted_nothing_reaches_nobody()
    {
        using var world = new BlindWorld().Registered();
        world.Guest.SendTo(world.Office, 1);
        world.Guest.SendTo(world.Branch, 1);
        world.Run(30 * Second);
        Assert.Empty(world.Office.Received);
        Assert.Empty(world.Branch.Received);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Bytes[0] == 1);
        Assert.Equal(world.State.DropCount(RelayDropReason.NoCounterpart), world.ToRelay.Count(flight => flight.Bytes[0] == 1));
        Assert.Equal(0, world.State.Forwarding.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_goes_on_when_either_side_roams(bool clientRoams)
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        var roaming = clientRoams ? world.Laptop : world.Office;
        roaming.Endpoint = End("203.0.113.99:9999");

        // Any authentic registration message from the new address; the relay asks, the node answers.
        roaming.SayHello();
        world.Run(100 * Millisecond);
        Assert.Equal(roaming.Endpoint, world.Status(roaming).Address);
        world.FromRelay.Clear();
        world.Laptop.SendTo(world.Office, 3);
        world.Office.SendTo(world.Laptop, 4);
        world.Run(100 * Millisecond);
        Assert.Equal(3, Assert.Single(world.Office.Received).Payload[1]);
        Assert.Equal(4, Assert.Single(world.Laptop.Received).Payload[1]);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Bytes[0] is 1 or 2 && flight.Bytes.Length != 0 && flight.Destination == world.Office.Endpoint);
    }

    /// <summary>One keepalive of 32 bytes pays for nothing; the data that follows it does.</summary>
    [Fact]
    [Trait("Threat", "2")]
    public void A_stock_node_that_moves_is_asked_as_soon_as_its_data_has_paid_for_it()
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Desk, world => world.Branch);
        var node = world.Desk;
        node.Endpoint = End("203.0.113.99:9999");
        node.KeepAlive();
        world.Run(100 * Millisecond);
        Assert.NotEqual(node.Endpoint, world.Status(node).Address);
        for (int i = 0; i < 3; i++)
        {
            node.SendTo(world.Branch, 3);
            world.Run(300 * Millisecond);
        }

        Assert.Equal(node.Endpoint, world.Status(node).Address);
        world.Branch.Received.Clear();
        node.SendTo(world.Branch, 5);
        world.Run(100 * Millisecond);
        Assert.Equal(5, Assert.Single(world.Branch.Received).Payload[1]);
    }

    [Fact]
    public void A_stock_connector_initiates_to_its_clients_and_ours_does_not()
    {
        using var world = new BlindWorld().Registered();
        world.Branch.SendTo(world.Desk, 5);
        world.Branch.SendTo(world.Laptop, 6);
        world.Office.SendTo(world.Desk, 7);
        world.Run(10 * Second);
        Assert.Equal(5, Assert.Single(world.Desk.Received).Payload[1]);
        Assert.Equal(6, Assert.Single(world.Laptop.Received).Payload[1]);
        Assert.True(world.State.DropCount(RelayDropReason.NotInitiator) > 0);
        world.Branch.SendTo(world.Guest, 8);
        world.Run(30 * Second);
        Assert.Empty(world.Guest.Received);
    }

    [Fact]
    public void Sessions_are_renewed_through_the_relay_for_twenty_minutes_of_a_bad_network()
    {
        using var world = new BlindWorld().Registered();
        var random = new Random(TestSeed.Next());

        // One in ten lost, one in ten twice, and up to 40 ms late, so that many arrive out of order.
        world.Delays = _ => random.Next(10) switch
        {
            0 => [],
            1 => [world.Latency + random.Next(40_000), world.Latency + random.Next(40_000)],
            _ => [world.Latency + random.Next(40_000)],
        };
        int sent = 0;
        for (; sent < 1200; sent++)
        {
            world.Laptop.SendTo(world.Office, (byte)sent);
            world.Desk.SendTo(world.Branch, (byte)sent);
            world.Branch.SendTo(world.Desk, (byte)sent);
            world.Run(Second);
        }

        Assert.InRange(world.Office.Received.Count, sent * 3 / 4, sent);
        Assert.InRange(world.Branch.Received.Count, sent * 3 / 4, sent);
        Assert.InRange(world.Desk.Received.Count, sent * 3 / 4, sent);
        Assert.InRange(world.State.Forwarding.Count, 4, 4 * 6);
    }

    [Fact]
    public void An_announced_connector_costs_one_mac1()
    {
        using var world = new BlindWorld().Registered();
        world.Laptop.Announce(world.Branch);
        world.Desk.Announce(world.Branch);
        world.Run(100 * Millisecond);

        // A stock node sends no control message, and what looks like one is counted.
        Assert.Equal(1, world.State.DropCount(RelayDropReason.Control));
        world.Connected(world.Laptop, world.Branch);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void Nobody_is_announced_whom_the_client_may_not_meet()
    {
        using var world = new BlindWorld().Registered();
        world.Apply(table => table with { Grants = [new GrantRow(1, [1], []), new GrantRow(2, [1, 2], [])] });
        world.Laptop.Announce(world.Branch);
        world.Laptop.Announce(world.Desk);
        world.Laptop.Announce(world.Laptop);
        world.Run(100 * Millisecond);
        Assert.Equal(3, world.State.DropCount(RelayDropReason.Control));
    }

    [Fact]
    public void A_connector_that_started_anew_loses_its_entries_and_gets_new_ones_with_the_next_handshake()
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        world.Office.Boot();
        world.Run(Second);
        Assert.Equal(0, world.State.Forwarding.Count);
        for (int i = 0; i < 30; i++)
        {
            world.Laptop.SendTo(world.Office, 1);
            world.Run(Second);
        }

        Assert.NotEmpty(world.Office.Received);
    }
}
