using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

/// <summary>Attacks on what goes from agent to agent. Each test says which line stops the attack.</summary>
public sealed class BlindThreatTests
{
    private static readonly IpEndpoint Attacker = End("198.51.100.66:6666");
    private static readonly IpEndpoint Victim = End("198.51.100.200:9");

    [Fact]
    [Trait("Threat", "1")]
    [Trait("Threat", "4")]
    public void Datagrams_of_nobody_with_every_true_index_and_mac1_go_nowhere()
    {
        // FindSender, and the table's own look at the source.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        var (toOffice, toLaptop) = Indices(world, world.Laptop, world.Office);
        byte[][] datagrams =
        [
            Forged.Initiation(world.Office.Key.PublicKey, 1),
            Forged.Response(world.Laptop.Key.PublicKey, 1, toLaptop),
            Forged.CookieReply(toLaptop),
            Forged.CookieReply(toOffice),
            Forged.Data(toOffice),
            Forged.Data(toLaptop),
        ];
        Assert.All(datagrams, datagram => Assert.False(world.Arrive(new Flight(Attacker, RelayEndpoint, datagram))));
        Assert.Empty(world.FromRelay);
        Assert.Equal(2, world.State.Forwarding.Count);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_forged_response_is_forwarded_at_most_and_the_true_one_still_makes_the_session()
    {
        // RouteResponse leaves the pending initiation where it is, and TryAddPair adds beside.
        using var world = new BlindWorld().Registered();
        world.Office.IsDead = true;
        world.Laptop.SendTo(world.Office, 1);
        world.Run(10 * Millisecond);
        uint pending = InitiationMessage.SenderIndex(world.FromRelay[^1].Bytes);
        byte[] initiation = world.FromRelay[^1].Bytes;
        for (uint i = 0; i < 3; i++)
            Assert.True(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, 70 + i, pending))));
        world.Office.IsDead = false;
        world.Office.Receive(new Flight(RelayEndpoint, world.Office.Endpoint, initiation));
        world.Run(100 * Millisecond);
        Assert.Single(world.Office.Received);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_response_forged_after_the_true_one_cuts_no_session()
    {
        // SharesIndex in ForwardingTable.AddPair: a second session under the same index stands beside the first.
        using var world = new BlindWorld().Registered();
        world.Laptop.SendTo(world.Office, 1);
        world.Run(Second);
        uint pending = InitiationMessage.SenderIndex(world.FromRelay.First(flight => flight.Bytes[0] == 1 && flight.Destination == world.Office.Endpoint).Bytes);
        for (uint i = 0; i < 3; i++)
            Assert.True(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, 70 + i, pending))));
        world.Laptop.SendTo(world.Office, 2);
        world.Office.SendTo(world.Laptop, 3);
        world.Run(Second);
        Assert.Equal(2, world.Office.Received.Count);
        Assert.Single(world.Laptop.Received);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void More_responses_to_one_initiation_than_four_are_dropped()
    {
        // MaximumResponses in RouteResponse.
        using var world = new BlindWorld().Registered();
        world.Office.IsDead = true;
        world.Laptop.SendTo(world.Office, 1);
        world.Run(10 * Millisecond);
        uint pending = InitiationMessage.SenderIndex(world.FromRelay[^1].Bytes);
        int forwarded = Enumerable.Range(0, 100).Count(i =>
            world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, (uint)(70 + i), pending))));
        Assert.Equal(4, forwarded);
        Assert.Equal(96, world.State.DropCount(RelayDropReason.ResponseLimit));
        Assert.Equal(8, world.State.Forwarding.Count);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_response_of_another_agent_or_for_another_key_or_to_nothing_is_dropped()
    {
        // PendingTable's key holds the responder; RouteResponse checks mac1 under the initiator's key.
        using var world = new BlindWorld().Registered();
        world.Office.IsDead = true;
        world.Laptop.SendTo(world.Office, 1);
        world.Run(10 * Millisecond);
        uint pending = InitiationMessage.SenderIndex(world.FromRelay[^1].Bytes);
        Assert.False(world.Arrive(new Flight(world.Branch.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, 70, pending))));
        Assert.False(world.Arrive(new Flight(world.Guest.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, 70, pending))));
        Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, 70, pending + 1))));
        Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Desk.Key.PublicKey, 70, pending))));
        Assert.Equal(3, world.State.DropCount(RelayDropReason.NotPending));
        Assert.Equal(1, world.State.DropCount(RelayDropReason.ResponseMac1));
        Assert.Equal(0, world.State.Forwarding.Count);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void An_agent_that_claims_the_index_of_another_gets_nothing_of_it()
    {
        // The collision test in RouteInitiation; AddPair's own refusal is behind it.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        var (toOffice, toLaptop) = Indices(world, world.Laptop, world.Office);
        world.Desk.SendTo(world.Office, 9);
        world.Run(Second);
        world.FromRelay.Clear();

        // The index under which the laptop is reached from the office, now in an initiation of the desk.
        Assert.False(world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, toLaptop))));
        Assert.Equal(1, world.State.DropCount(RelayDropReason.IndexCollision));

        // Indices of others in data: each agent has its own entries.
        Assert.False(world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Data(toOffice))));
        Assert.False(world.Arrive(new Flight(world.Guest.Endpoint, RelayEndpoint, Forged.Data(toLaptop))));
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Data(toLaptop))));
        world.Office.SendTo(world.Laptop, 4);
        world.Run(100 * Millisecond);
        Assert.Equal(4, Assert.Single(world.Laptop.Received).Payload[1]);
        Assert.Empty(world.Desk.Received);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void Of_two_pending_initiations_with_one_index_the_second_is_dropped()
    {
        // The first clause of the collision test in RouteInitiation.
        using var world = new BlindWorld().Registered();
        Assert.True(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, 5))));
        Assert.False(world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, 5))));
        Assert.True(world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Initiation(world.Branch.Key.PublicKey, 5))));
        Assert.Equal(1, world.State.DropCount(RelayDropReason.IndexCollision));
    }

    [Fact]
    [Trait("Threat", "4")]
    public void Sprayed_indices_hit_nothing_and_cost_no_memory()
    {
        // Entries are found by agent and index: 2^32 of them for each.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        world.Run(10 * Second);
        var random = new Random(TestSeed.Next());
        for (int i = 0; i < 20_000; i++)
        {
            uint index = (uint)random.NextInt64(1L << 32);
            Assert.False(world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Data(index))));
            Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.Response(world.Laptop.Key.PublicKey, index, index))));
        }

        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Equal(0, world.State.PendingHandshakeCount);
        Assert.Equal(20_000, world.State.DropCount(RelayDropReason.NotPending));
    }

    [Fact]
    [Trait("Threat", "3")]
    [Trait("Threat", "5")]
    public void Replays_from_the_same_and_from_another_source_change_nothing()
    {
        // An endpoint moves by an authentic fresh message only (Heard), and entries by a pending initiation only.
        using var world = new BlindWorld().Registered();
        world.Laptop.SendTo(world.Office, 1);
        world.Run(Second);
        world.Office.SendTo(world.Laptop, 2);
        world.Run(30 * Second);
        var seen = world.ToRelay.ToList();
        var expected = world.State.Describe(world.Now).Select(status => status.Address).ToList();
        int received = world.Office.Received.Count + world.Laptop.Received.Count;
        foreach (var flight in seen)
        {
            world.Send(flight);
            world.Send(flight with { Source = Attacker });
            world.Send(flight with { Source = world.Guest.Endpoint });
        }

        world.Run(10 * Second);
        Assert.Equal(expected, world.State.Describe(world.Now).Select(status => status.Address));
        Assert.Equal(received, world.Office.Received.Count + world.Laptop.Received.Count);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == Attacker);
        Assert.Equal(2, world.State.Forwarding.Count);
        world.Laptop.SendTo(world.Office, 3);
        world.Run(100 * Millisecond);
        Assert.Equal(3, world.Office.Received[^1].Payload[1]);
    }

    [Fact]
    [Trait("Threat", "6")]
    public void A_million_spoofed_initiations_cost_bounded_memory_and_no_live_session()
    {
        // FindSender for strangers, HandshakeBucket for those who are copied; PendingTable's own bounds behind them.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        byte[] message = Forged.Initiation(world.Office.Key.PublicKey, 1);
        byte[] room = new byte[2048];
        int forwarded = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            world.Now += 10;
            var source = i % 2 == 0 ? world.Desk.Endpoint : new IpEndpoint(new IpAddress((uint)(0x0A00_0000 + i)), (ushort)(i | 1));
            message.CopyTo(room, 0);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(room.AsSpan(4), i);
            if (i % 2 == 0 && i % 1000 == 0)
                Forged.Initiation(world.Office.Key.PublicKey, (uint)i).CopyTo(room, 0);
            forwarded += world.State.Receive(room, message.Length, source, world.Now, out _) ? 1 : 0;
        }

        // Ten seconds at ten per second.
        Assert.InRange(forwarded, 1, 110);
        Assert.InRange(world.State.PendingHandshakeCount, 0, 4);
        Assert.Equal(2, world.State.Forwarding.Count);
        for (byte i = 0; i < 100; i++)
            world.Laptop.SendTo(world.Office, i);
        world.Run(100 * Millisecond);
        Assert.Equal(100, world.Office.Received.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Threat", "7")]
    public void A_flood_under_an_agents_address_that_is_made_for_nobody_does_not_keep_its_own_handshakes_out(bool announces)
    {
        // Likely: without it the flood would use up the bucket before any key is looked at.
        using var world = new BlindWorld().Registered();
        if (announces)
            world.Laptop.Announce(world.Office);
        else
            world.Connected(world => world.Laptop, world => world.Office);
        world.Run(100 * Millisecond);
        var random = new Random(TestSeed.Next());
        byte[] nobody = new byte[32];
        random.NextBytes(nobody);
        for (int i = 0; i < 2000; i++)
            Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(new Cryptography.PublicKey(nobody), (uint)random.Next(), random))));
        Assert.InRange(world.State.DropCount(RelayDropReason.HandshakeRate), 1900, 2000);
        Assert.True(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, 77, random))));

        // Its own share stays what it was.
        int forwarded = 0;
        for (uint i = 0; i < 100; i++)
            forwarded += world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, 100 + i, random))) ? 1 : 0;
        Assert.InRange(forwarded, 1, 10);
    }

    [Fact]
    [Trait("Threat", "7")]
    public void Under_a_flood_of_handshakes_the_relay_asks_for_cookies_and_a_true_handshake_completes_within_five_seconds()
    {
        // ResponderGuard.Admit: without it the office would compute for all of them.
        using var world = new BlindWorld(options => options with { LoadPolicy = new LoadPolicy { HandshakesPerSecond = 2, Burst = 2 } }).Registered(20 * Second);
        var random = new Random(TestSeed.Next());
        long start = world.Now;
        world.Laptop.SendTo(world.Office, 1);
        int forwarded = 0;
        for (int i = 0; i < 200; i++)
        {
            // Ten times what the policy allows, all with the desk's address and without a cookie.
            forwarded += world.Arrive(new Flight(world.Desk.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, (uint)random.Next(), random))) ? 1 : 0;
            world.Run(25 * Millisecond);
        }

        Assert.Equal(5 * Second, world.Now - start);
        Assert.Single(world.Office.Received);
        Assert.InRange(forwarded, 0, 12);
        Assert.True(world.State.DropCount(RelayDropReason.CookieRequired) > 20);
        Assert.Contains(world.FromRelay, flight => flight.Bytes[0] == 3 && flight.Destination == world.Desk.Endpoint);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Bytes[0] == 3 && flight.Destination == world.Office.Endpoint);
    }

    [Fact]
    [Trait("Threat", "7")]
    public void A_client_completes_a_handshake_by_the_relays_cookie()
    {
        using var world = new BlindWorld(options => options with { LoadPolicy = LoadPolicy.Always }).Registered(20 * Second);
        world.Laptop.SendTo(world.Office, 1);
        world.Run(Second);
        Assert.Single(world.Office.Received);
        Assert.Equal(1, world.State.DropCount(RelayDropReason.CookieRequired));
        Assert.Single(world.FromRelay, flight => flight.Bytes[0] == 1 && flight.Destination == world.Office.Endpoint);
    }

    [Fact]
    [Trait("Threat", "7")]
    public void A_stock_connector_gets_no_more_initiations_than_it_answers_without_a_cookie()
    {
        // ResponderGuard's bucket and the share of a pair.
        using var world = new BlindWorld().Registered();
        int[] forwarded = new int[2];
        for (int i = 0; i < 1000; i++)
        {
            var client = i % 2 == 0 ? world.Laptop : world.Desk;
            forwarded[i % 2] += world.Arrive(new Flight(client.Endpoint, RelayEndpoint, Forged.Initiation(world.Branch.Key.PublicKey, (uint)i))) ? 1 : 0;
            world.Now += 10 * Millisecond;
        }

        // Ten seconds, two per second each.
        Assert.All(forwarded, count => Assert.InRange(count, 18, 22));
        Assert.True(world.State.DropCount(RelayDropReason.ResponderRate) > 0);
        Assert.Equal(0, world.State.DropCount(RelayDropReason.CookieRequired));
    }

    [Fact]
    [Trait("Threat", "9")]
    public void The_relays_own_address_as_a_source_makes_no_loop()
    {
        // An address is confirmed by an answer from there, and the relay does not answer itself.
        using var world = new BlindWorld();
        world.Laptop.Endpoint = RelayEndpoint;
        world.Run(5 * Second);
        world.Laptop.SendTo(world.Office, 1);
        int before = world.FromRelay.Count;
        world.Run(30 * Second);
        Assert.Null(world.Status(world.Laptop).Address);
        Assert.Empty(world.Office.Received);

        // Some retries, each answered once; nothing goes round.
        Assert.InRange(world.FromRelay.Count - before, 1, 100);
    }

    [Fact]
    [Trait("Threat", "9")]
    public void The_relays_own_key_is_no_agents()
    {
        using var world = new BlindWorld().Registered();
        world.Apply(table => table with
        {
            Peers = [.. table.Peers, new PeerRow(90, PeerKind.Connector, "mirror", world.RelayKey.PublicKey.ToString(), null, [], 1, true, false)],
        });
        Assert.Equal(5, world.State.AgentCount);
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(world.RelayKey.PublicKey, 1))));
    }

    [Fact]
    [Trait("Threat", "12")]
    public void Sources_that_nobody_can_have_are_refused_before_all_else()
    {
        // The first line of Receive.
        using var world = new BlindWorld();
        string[] sources = ["198.51.100.1:0", "224.0.0.1:5000", "255.255.255.255:5000", "0.0.0.0:5000", "[::]:5000", "[ff02::1]:5000"];
        foreach (string source in sources)
        {
            world.Laptop.Endpoint = End(source);
            world.Laptop.Boot();
            world.Laptop.Device.Tick(world.Now);
            world.Run(Second);
        }

        Assert.Null(world.Status(world.Laptop).Address);
        Assert.True(world.State.DropCount(RelayDropReason.SourceAddress) >= sources.Length);
        Assert.All(sources, source => Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == End(source)));
    }

    [Fact]
    [Trait("Threat", "12")]
    public void An_ipv4_mapped_source_is_the_ipv4_address_that_it_names()
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        byte[] sealedData = world.Laptop.Seal(world.Office);
        var mapped = new IpEndpoint(IpAddress.FromBytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 198, 51, 100, 1]), 5000);
        Assert.True(world.Arrive(new Flight(mapped, RelayEndpoint, sealedData)));
    }

    [Fact]
    [Trait("Threat", "11")]
    public void A_clock_that_jumps_a_day_ends_sessions_and_nothing_else()
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        byte[] late = world.Laptop.Seal(world.Office);
        world.Laptop.SendTo(world.Branch, 1);
        world.Now += 86_400 * Second;
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, late)));
        world.Run(60 * Second);
        world.Office.Received.Clear();
        world.Laptop.SendTo(world.Office, 3);
        world.Run(10 * Second);
        Assert.Single(world.Office.Received);
    }

    [Fact]
    [Trait("Threat", "13")]
    [Trait("Promise", "A10")]
    public void Who_loses_a_grant_loses_the_very_next_packet_in_both_directions()
    {
        // SetRoutes → ForgetPair.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office).Connected(world => world.Laptop, world => world.Branch);
        byte[] there = world.Laptop.Seal(world.Office);
        byte[] back = world.Office.Seal(world.Laptop);
        byte[] other = world.Laptop.Seal(world.Branch);
        world.Apply(table => table with { Grants = [new GrantRow(1, [2], []), table.Grants[1]] });
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, there)));
        Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, back)));
        Assert.True(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, other)));
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, 1))));
    }

    [Fact]
    [Trait("Threat", "13")]
    public void A_grant_taken_away_between_initiation_and_response_leaves_no_entry()
    {
        // MayMeet in PendingTable.Find.
        using var world = new BlindWorld().Registered();
        world.Laptop.SendTo(world.Office, 1);
        world.Run(8 * Millisecond);
        Assert.Equal(1, world.State.PendingHandshakeCount);
        world.Apply(table => table with { Grants = [table.Grants[1]] });
        world.Run(5 * Second);
        Assert.Equal(0, world.State.Forwarding.Count);
        Assert.Empty(world.Office.Received);
        Assert.True(world.State.DropCount(RelayDropReason.NotPending) > 0);
    }

    [Theory]
    [Trait("Threat", "13")]
    [InlineData("laptop")]
    [InlineData("office")]
    public void A_removed_agent_loses_all_and_whoever_gets_its_place_inherits_nothing(string name)
    {
        // ForgetAgent.
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        byte[] there = world.Laptop.Seal(world.Office);
        byte[] back = world.Office.Seal(world.Laptop);
        world.Apply(table => table with { Peers = [.. table.Peers.Where(peer => peer.Name != name)] });
        Assert.Equal(0, world.State.Forwarding.Count);
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, there)));
        Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, back)));
        var heir = world.Table.Peers[0] with { Id = 50, Name = "heir", PublicKey = Convert.ToBase64String([.. Enumerable.Repeat((byte)9, 32)]) };
        world.Apply(table => table with { Peers = [.. table.Peers, heir] });
        Assert.False(world.Arrive(new Flight(world.Laptop.Endpoint, RelayEndpoint, there)));
        Assert.False(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, back)));
    }

    [Fact]
    [Trait("Threat", "2")]
    public void A_cookie_reply_creates_and_consumes_nothing()
    {
        // RouteCookieReply writes nothing.
        using var world = new BlindWorld().Registered();
        world.Office.IsDead = true;
        world.Laptop.SendTo(world.Office, 1);
        world.Run(10 * Millisecond);
        var initiation = world.FromRelay[^1];
        uint pending = InitiationMessage.SenderIndex(initiation.Bytes);
        for (int i = 0; i < 10; i++)
            Assert.True(world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.CookieReply(pending))));
        Assert.False(world.Arrive(new Flight(world.Branch.Endpoint, RelayEndpoint, Forged.CookieReply(pending))));
        Assert.All(world.FromRelay.TakeLast(10), flight => Assert.Equal(world.Laptop.Endpoint, flight.Destination));
        world.Office.IsDead = false;
        world.Office.Receive(initiation);
        world.Run(100 * Millisecond);
        Assert.Single(world.Office.Received);
        Assert.Equal(2, world.State.Forwarding.Count);
    }

    [Fact]
    [Trait("Threat", "2")]
    public void A_stock_connectors_own_cookie_reaches_its_client()
    {
        using var world = new BlindWorld().Registered();
        world.Branch.LoadPolicy = LoadPolicy.Always;
        world.Branch.Boot();
        world.Run(30 * Second);
        world.Laptop.SendTo(world.Branch, 1);
        world.Run(10 * Second);
        Assert.Contains(world.FromRelay, flight => flight.Bytes[0] == 3 && flight.Destination == world.Laptop.Endpoint);
        Assert.Single(world.Branch.Received);
    }

    [Fact]
    [Trait("Threat", "2")]
    public void No_source_that_proved_nothing_gets_more_bytes_than_it_sent()
    {
        // TryPay. The attacker registers agents' own initiations from the victim's address and spends what it earns there.
        using var world = new BlindWorld().Registered();
        var random = new Random(TestSeed.Next());
        world.Delays = flight =>
        {
            if (flight.Destination != RelayEndpoint || flight.Source == Victim || random.Next(3) != 0)
                return [world.Latency];
            world.Send(flight with { Source = Victim });
            return random.Next(2) == 0 ? [] : [world.Latency + 1];
        };
        for (int i = 0; i < 300; i++)
        {
            world.Laptop.SendTo(i % 2 == 0 ? world.Office : world.Branch, 1);
            world.Desk.SendTo(world.Office, 1);
            world.Office.SendTo(world.Laptop, 1);
            if (i % 20 == 0)
                world.Laptop.Boot();
            if (i % 31 == 0)
                world.Desk.Boot();
            world.Arrive(new Flight(Victim, RelayEndpoint, Forged.Initiation(world.Office.Key.PublicKey, (uint)i)));
            world.Run(Second);
        }

        var (bytesIn, bytesOut) = world.BytesOf(Victim);
        Assert.True(bytesOut > 0 && bytesOut <= bytesIn, $"{bytesOut} bytes to the victim for {bytesIn} from there");
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == Victim && flight.Bytes[0] == 4 && flight.Bytes.Length > 48);
    }

    [Fact]
    [Trait("Threat", "2")]
    public void Answers_to_a_candidate_stop_when_what_came_from_there_is_used_up()
    {
        // The credit in TryPay: an accomplice at the connector's address answers the same initiation again and again.
        using var world = new BlindWorld().Registered();
        world.Office.IsDead = true;
        world.Laptop.Endpoint = Victim;
        world.Laptop.Boot();
        world.Laptop.Device.Tick(world.Now);
        world.Laptop.SendTo(world.Office, 1);
        world.Laptop.IsDead = true;
        world.Run(8 * Millisecond);
        uint pending = InitiationMessage.SenderIndex(world.FromRelay.Last(flight => flight.Destination == world.Office.Endpoint).Bytes);
        for (int i = 0; i < 100; i++)
            world.Arrive(new Flight(world.Office.Endpoint, RelayEndpoint, Forged.CookieReply(pending)));
        var (bytesIn, bytesOut) = world.BytesOf(Victim);
        Assert.Equal(2 * InitiationMessage.Length, bytesIn);
        Assert.InRange(bytesOut, bytesIn - CookieReplyMessage.Length + 1, bytesIn);
    }

    /// <summary>The receiver indices under which the two reach each other.</summary>
    private static (uint ToConnector, uint ToClient) Indices(BlindWorld world, BlindNode client, BlindNode connector) =>
        (TransportMessage.ReceiverIndex(client.Seal(connector)), TransportMessage.ReceiverIndex(connector.Seal(client)));
}
