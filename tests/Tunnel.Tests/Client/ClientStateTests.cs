using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Client;

public class ClientStateTests
{
    [Fact]
    [Trait("Promise", "A6"), Trait("Promise", "D2")]
    public void A_packet_sent_at_once_comes_back_in_three_round_trips_and_the_relay_cannot_read_it()
    {
        using var world = new ClientWorld();
        byte[] packet = Packet.Udp(Address, 1000, Web, 53);
        Assert.Null(world.Send(packet));
        world.Run(Second);
        Assert.Equal(Packet.Answer(packet), Assert.Single(world.Received));
        Assert.True(world.State.IsReady(world.Now));
        Assert.True(world.Office1.State.EndToEndCount(world.Now) == 1 && world.Office2.State.EndToEndCount(world.Now) == 1);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Bytes.AsSpan().IndexOf(packet.AsSpan(12, 16)) >= 0);
        Assert.Equal(0, world.Relay.FlowCount);
    }

    [Fact]
    [Trait("Promise", "A1"), Trait("Promise", "D9")]
    public void What_was_not_granted_does_not_enter()
    {
        using var world = new ClientWorld();
        world.Run(Second);
        Assert.Equal(ClientDropReason.NotGranted, world.Send(Packet.Udp(Address, 1000, Files, 53)));
        Assert.Equal(ClientDropReason.NotGranted, world.Send(Packet.Udp(Address, 1000, BranchOverlay, 53)));
        Assert.Equal(ClientDropReason.Malformed, world.Send(Packet.Udp(IpAddress.Parse("100.64.0.9"), 1000, Web, 53)));
        Assert.Equal(ClientDropReason.Malformed, world.Send([0x45, 0]));
        Assert.Equal(ClientDropReason.TooLarge, world.Send(Packet.Udp(Address, 1000, Web, 53, 1400)));
        world.Run(Second);
        Assert.Empty(world.Office1.Entered.Concat(world.Office2.Entered).Concat(world.Branch.Entered));
    }

    [Fact]
    [Trait("Threat", "24")]
    public void A_connector_speaks_for_its_own_site_and_to_this_client_only()
    {
        using var world = new ClientWorld(branch: true);
        world.Run(Second);
        foreach (var (answer, reason) in new[]
        {
            (Packet.Udp(BranchOverlay, 53, Address, 1000), ClientDropReason.ForeignSource),
            (Packet.Udp(IpAddress.Parse("8.8.8.8"), 53, Address, 1000), ClientDropReason.ForeignSource),
            (Packet.Udp(OfficeOverlay, 53, IpAddress.Parse("100.64.0.9"), 1000), ClientDropReason.ForeignDestination),
        })
        {
            world.Office1.Answer = world.Office2.Answer = _ => answer;
            long before = world.State.DropCount(reason);
            Assert.False(world.Asks(OfficeOverlay, 1000));
            Assert.Equal(before + 1, world.State.DropCount(reason));
        }
    }

    [Fact]
    [Trait("Promise", "A6"), Trait("Promise", "D6")]
    public void Two_sites_with_one_network_are_told_apart_by_their_overlay_addresses()
    {
        using var world = new ClientWorld(branch: true);
        world.Run(Second);
        Assert.True(world.Asks(OfficeOverlay, 1000));
        Assert.Empty(world.Branch.Entered);
        Assert.True(world.Asks(BranchOverlay, 1000));
        Assert.Single(world.Branch.Entered);
        Assert.Equal(ClientDropReason.NotGranted, world.Send(Packet.Udp(Address, 1000, Web, 53)));
    }

    [Fact]
    [Trait("Promise", "D8")]
    public void Flows_are_spread_over_a_cluster_and_leave_a_dead_connector_within_two_seconds()
    {
        using var world = new ClientWorld();
        world.Run(Second);
        for (ushort port = 1000; port < 1040; port++)
            Assert.True(world.Asks(Web, port, 50 * Millisecond));
        Assert.InRange(world.Office1.Entered.Count, 8, 32);
        Assert.Equal(40, world.Office1.Entered.Count + world.Office2.Entered.Count);

        world.Office1.IsDead = true;
        long died = world.Now;
        while (!Enumerable.Range(2000, 10).All(port => world.Asks(Web, (ushort)port, 20 * Millisecond)))
            Assert.True(world.Now - died < 2 * Second, $"{(world.Now - died) / 1e6:F1} s");

        // It comes back and takes new flows; those that the other carries stay there.
        int carried = world.Office2.Entered.Count;
        world.Office1.IsDead = false;
        world.Run(10 * Second);
        for (int port = 2000; port < 2010; port++)
            Assert.True(world.Asks(Web, (ushort)port, 50 * Millisecond));
        Assert.Equal(carried + 10, world.Office2.Entered.Count);
    }

    [Fact]
    [Trait("Promise", "A3"), Trait("Threat", "22")]
    public void A_grant_that_is_taken_away_ends_the_session_on_every_side()
    {
        using var world = new ClientWorld();
        world.Run(Second);
        Assert.True(world.Asks(Web, 1000));
        world.Apply(table => table with { Grants = [] });
        Assert.Equal(ClientDropReason.NotGranted, world.Send(Packet.Udp(Address, 1000, Web, 53)));
        Assert.Equal(0, world.Office1.State.EndToEndCount(world.Now) + world.Office2.State.EndToEndCount(world.Now));
        world.Apply(table => table with { Grants = [new GrantRow(Laptop, [1], [])] });
        world.Run(2 * Second);
        Assert.True(world.Asks(Web, 1001));
    }

    /// <summary>A client that ignores its own filters: the connector holds the inner source against the client's addresses.</summary>
    [Fact]
    [Trait("Promise", "D10"), Trait("Threat", "17")]
    public void A_client_cannot_speak_for_another()
    {
        using var world = new ClientWorld();
        world.Run(Second);
        var claimed = IpAddress.Parse("100.64.0.9");
        world.State.Apply(ClientRoster.Compile(world.Table with { Peers = [.. world.Table.Peers.Select(row => row.Id == Laptop ? row with { Addresses = [claimed.ToString()] } : row)] }, Laptop), world.Now);
        Assert.Null(world.Send(Packet.Udp(claimed, 1000, Web, 53)));
        world.Run(Second);
        Assert.Empty(world.Office1.Entered.Concat(world.Office2.Entered));
    }

    [Fact]
    public void Sessions_are_renewed_for_an_hour_of_a_bad_network()
    {
        using var world = new ClientWorld();
        var random = new Random(TestSeed.Next());
        world.Delivers = _ => random.NextDouble() > 0.05;
        int answered = 0;
        for (int second = 0; second < 3600; second++)
        {
            answered += world.Asks(Web, (ushort)(1000 + second), Second) ? 1 : 0;
        }

        Assert.InRange(answered, 3600 * 0.75, 3600 * 0.95);
    }
}
