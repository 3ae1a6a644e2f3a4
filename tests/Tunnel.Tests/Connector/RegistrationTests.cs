using Keyhole.Contracts;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Connector.ConnectorWorld;

namespace Keyhole.Tunnel.Tests.Connector;

public sealed class RegistrationTests
{
    [Fact]
    public void A_connector_registers_and_says_hello()
    {
        using var world = new ConnectorWorld();
        world.Apply();
        Assert.Equal(RegistrationState.Registering, world.Status.State);
        Assert.False(world.State.IsRegistered);
        world.Run(100 * Millisecond);
        Assert.True(world.State.IsRegistered);
        Assert.Equal(world.Relay1.Endpoint, world.Status.Endpoint);
        Assert.Equal(1, world.Status.Registrations);
        Assert.False(Assert.Single(world.Relay1.Hellos).Hello.Draining);
        Assert.Equal(2 * Latency, world.Status.RoundTrip);
    }

    [Fact]
    public void A_session_is_not_called_live_before_the_hello_was_answered()
    {
        using var world = new ConnectorWorld();
        world.Relay1.AnswersHello = false;
        world.Apply();
        world.Run(5 * Second);
        Assert.Equal(RegistrationState.Greeting, world.Status.State);
        Assert.InRange(world.Relay1.Hellos.Count, 4, 6);
        Assert.Single(world.Relay1.Hellos.Select(hello => hello.Hello.BootNonce).Distinct());
        world.Relay1.AnswersHello = true;
        world.Run(2 * Second);
        Assert.Equal(RegistrationState.Live, world.Status.State);
    }

    [Fact]
    public void Two_processes_have_two_boot_nonces()
    {
        var nonces = new HashSet<UInt128>();
        foreach (int seed in new[] { 1, 2 })
        {
            using var world = new ConnectorWorld();
            using var key = Keyhole.Cryptography.PrivateKey.Generate(new SeededRandom(seed));
            using var state = new ConnectorState(new ConnectorOptions
            {
                PrivateKey = key,
                RandomSource = new SeededRandom(seed),
                TimestampAtZero = RelayWorld.Epoch,
                Output = world,
                Slots = world,
            });
            world.Relay1.Boot(key.PublicKey);
            state.Apply(ConnectorRoster.Compile(world.Table, ConnectorWorld.Connector), world.Now);
            Deliver(world, state);
            nonces.Add(Assert.Single(world.Relay1.Hellos).Hello.BootNonce);
        }

        Assert.Equal(2, nonces.Count);
    }

    [Fact]
    public void Pings_are_rare_while_nothing_moves_and_frequent_under_traffic()
    {
        using var world = new ConnectorWorld().Registered();
        world.Relay1.Pings.Clear();
        world.Run(20 * Second);
        Assert.InRange(world.Relay1.Pings.Count, 9, 11);
        world.Relay1.Pings.Clear();
        world.RunWithTraffic(10 * Second);
        Assert.InRange(world.Relay1.Pings.Count, 18, 21);
        Assert.All(world.Relay1.Pings, ping => Assert.True(ping.Length <= 16));
    }

    [Fact]
    public void The_way_through_an_address_translator_never_stays_silent_for_25_seconds()
    {
        using var world = new ConnectorWorld().Registered();
        long last = world.Now;
        var gaps = new List<long>();
        world.Delivers = flight =>
        {
            if (flight.Source == ConnectorEndpoint)
            {
                gaps.Add(world.Now - last);
                last = world.Now;
            }

            return true;
        };
        world.Run(600 * Second);
        Assert.True(gaps.Max() < 25 * Second);
    }

    [Fact]
    public void Two_lost_pings_bring_a_padded_one_and_the_third_a_new_registration()
    {
        using var world = new ConnectorWorld().Registered();
        world.RunWithTraffic(2 * Second);
        world.Relay1.AnswersPings = false;
        world.Relay1.Pings.Clear();
        long silentAt = world.Now;
        world.RunWithTraffic(3 * Second);
        var lengths = world.Relay1.Pings.Select(ping => ping.Length).ToList();
        int padded = lengths.FindIndex(length => length >= 1200);
        Assert.InRange(padded, 2, 3);
        Assert.True(world.Status.Registrations >= 2);
        Assert.InRange(world.Relay1.Hellos[1].At - silentAt, 0, 2500 * Millisecond);
    }

    [Fact]
    public void One_lost_ping_changes_nothing()
    {
        using var world = new ConnectorWorld().Registered();
        int lost = 0;
        world.Delivers = flight => flight.Source != ConnectorEndpoint || world.Now < 20 * Second || lost++ > 0;
        world.Run(60 * Second);
        Assert.True(lost > 1);
        Assert.Equal(RegistrationState.Live, world.Status.State);
        Assert.Equal(1, world.Status.Registrations);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(30)]
    [InlineData(300)]
    public void A_relay_that_was_killed_is_found_within_five_seconds_of_its_return(int secondsAway)
    {
        foreach (bool underTraffic in new[] { true, false })
        {
            using var world = new ConnectorWorld().Registered();
            world.RunWithTraffic(2 * Second);
            world.Relay1.IsDead = true;
            if (underTraffic)
                world.RunWithTraffic(secondsAway * Second);
            else
                world.Run(secondsAway * Second);
            world.Relay1.Boot(world.PublicKey);
            world.Relay1.Hellos.Clear();
            long backAt = world.Now;
            if (underTraffic)
                world.RunWithTraffic(10 * Second);
            else
                world.Run(10 * Second);
            Assert.InRange(world.Relay1.Hellos[0].At - backAt, 0, 5 * Second);
            Assert.Equal(RegistrationState.Live, world.Status.State);
        }
    }

    [Fact]
    public void The_status_says_when_a_relay_is_gone()
    {
        using var world = new ConnectorWorld().Registered();
        world.Relay1.IsDead = true;
        world.Run(5 * Second);
        Assert.Equal(RegistrationState.Registering, world.Status.State);
        Assert.False(world.State.IsRegistered);
        Assert.True(world.Status.LastHeardAt <= world.Now - 4 * Second);
        world.Run(400 * Second);
        Assert.Equal(RegistrationState.Registering, world.Status.State);
    }

    [Fact]
    public void A_relay_that_initiates_after_its_restart_is_answered()
    {
        using var world = new ConnectorWorld().Registered();
        world.Relay1.Boot(world.PublicKey);
        world.Relay1.Initiate();
        world.Run(100 * Millisecond);
        Assert.True(world.Relay1.HasSession);
        Assert.Equal(2, world.Relay1.Hellos.Count);
        Assert.Equal(RegistrationState.Live, world.Status.State);
    }

    [Fact]
    public void A_relay_with_several_addresses_is_tried_at_each()
    {
        using var world = new ConnectorWorld();
        world.Relay1.Row = world.Relay1.Row with { Endpoints = ["192.0.2.98:21820", "192.0.2.99:21820", "192.0.2.10:21820"] };
        world.Apply(table => table with { Relays = [world.Relay1.Row] });
        world.Run(6 * Second);
        Assert.Equal(RegistrationState.Live, world.Status.State);
        Assert.Equal(world.Relay1.Endpoint, world.Status.Endpoint);
    }

    [Fact]
    public void A_relay_whose_name_was_resolved_anew_is_followed()
    {
        using var world = new ConnectorWorld();
        world.Apply(table => table with { Relays = [world.Relay1.Row with { Endpoints = ["relay.example:21820"] }] });
        world.Run(Second);
        Assert.Equal(RegistrationState.NoEndpoint, world.Status.State);
        Assert.Empty(world.FromConnector);
        world.State.SetRelayEndpoints(1, [RelayWorld.End("192.0.2.99:21820")], world.Now);
        world.Run(Second);
        world.State.SetRelayEndpoints(1, [world.Relay1.Endpoint], world.Now);
        world.Run(Second);
        Assert.Equal(RegistrationState.Live, world.Status.State);
        int sent = world.FromConnector.Count;
        world.State.SetRelayEndpoints(1, [world.Relay1.Endpoint], world.Now);
        Assert.Equal(sent, world.FromConnector.Count);
    }

    [Fact]
    public void Sessions_are_renewed_for_an_hour_without_losing_a_packet()
    {
        using var world = new ConnectorWorld().Registered();
        world.RunWithTraffic(3600 * Second, 500 * Millisecond);
        world.Run(Second);
        Assert.Equal(7200, world.Entered.Count);
        // The first answer has no way back yet: its client was not heard before.
        Assert.Equal(7199, world.Relay1.Packets.Count);
        Assert.Equal(1, world.Status.Registrations);
        Assert.True(world.Relay1.Hellos.Count > 20);
    }

    [Fact]
    public void A_relay_that_Control_removed_hears_nothing_more()
    {
        using var world = new ConnectorWorld().Registered();
        world.Apply(table => table with { Relays = [] });
        world.FromConnector.Clear();
        world.Relay1.SendPayload(Packet.Udp(PhoneAddress, 1000, Web, 53));
        world.Run(60 * Second);
        Assert.Empty(world.FromConnector);
        Assert.Empty(world.Entered);
        Assert.True(world.State.DropCount(ConnectorDropReason.UnknownSource) > 0);
        Assert.False(world.State.IsRegistered);
        Assert.False(world.Answer(Phone, Packet.Udp(Web, 53, PhoneAddress, 1000)));
    }

    [Fact]
    public void A_relay_with_a_new_key_is_registered_at_anew()
    {
        using var world = new ConnectorWorld().Registered();
        var row = world.Relay2.Row with { Id = 1, Endpoints = world.Relay1.Row.Endpoints };
        world.Relay1.IsDead = true;
        world.Delivers = flight =>
        {
            if (flight.Destination == world.Relay1.Endpoint)
                world.Relay2.Receive(flight);
            return true;
        };
        world.Apply(table => table with { Relays = [row] });
        Assert.Equal(world.Relay2.Key.PublicKey, world.Status.PublicKey);
        Assert.NotEqual(RegistrationState.Live, world.Status.State);
    }

    [Fact]
    public void Draining_is_said_and_repeated_in_the_hello()
    {
        using var world = new ConnectorWorld().Registered();
        world.State.Drain(world.Now);
        Assert.True(world.State.IsDraining);
        world.Run(100 * Millisecond);
        Assert.Equal(SessionMessageType.Draining, Assert.Single(world.Relay1.Notices).Type);
        world.Relay1.Boot(world.PublicKey);
        world.Run(10 * Second);
        Assert.True(world.Relay1.Hellos[^1].Hello.Draining);
        world.State.Goodbye(world.Now);
        world.Run(100 * Millisecond);
        Assert.Equal(SessionMessageType.Goodbye, world.Relay1.Notices[^1].Type);
    }

    [Fact]
    public void Draining_by_Control_is_told_to_the_relay_and_taken_back()
    {
        using var world = new ConnectorWorld().Registered();
        world.Apply(table => table with { Peers = [table.Peers[0] with { Draining = true }, .. table.Peers.Skip(1)] });
        world.Run(100 * Millisecond);
        Assert.True(world.State.IsDraining);
        Assert.True(world.Relay1.Hellos[^1].Hello.Draining);
        world.Apply(table => table with { Peers = [table.Peers[0] with { Draining = false }, .. table.Peers.Skip(1)] });
        world.Run(100 * Millisecond);
        Assert.False(world.Relay1.Hellos[^1].Hello.Draining);
    }

    [Fact]
    public void A_ping_of_the_relay_is_answered_at_its_length()
    {
        using var world = new ConnectorWorld().Registered();
        world.Relay1.Ping(77, 12);
        world.Relay1.Ping(78, 1200);
        world.Run(100 * Millisecond);
        Assert.Equal([(77UL, 16), (78UL, 1200)], world.Relay1.Pongs.Select(pong => (pong.Pong.Nonce, pong.Length)));
    }

    /// <summary>Carries datagrams between a state of the test's own and the first relay until both are silent.</summary>
    private static void Deliver(ConnectorWorld world, ConnectorState state)
    {
        for (int round = 0; round < 10; round++)
        {
            var back = new List<Flight>();
            world.Delivers = flight =>
            {
                back.Add(flight);
                return false;
            };
            foreach (var flight in world.FromConnector.ToArray())
                world.Relay1.Receive(flight);
            world.FromConnector.Clear();
            foreach (var flight in back.ToArray())
                state.Receive([.. flight.Bytes], flight.Bytes.Length, flight.Source, world.Now, new ClientPacket[1]);
        }
    }
}
