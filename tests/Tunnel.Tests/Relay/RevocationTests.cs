using Keyhole.Contracts;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class RevocationTests
{
    [Fact]
    [Trait("Threat", "22")]
    public void Taking_a_grant_away_cuts_its_flows_at_once_and_no_others()
    {
        using var world = new RelayWorld().Registered();
        var mine = LivenessTests.OpenTcp(world, out byte[] request);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 5, LabOverlay, 80));
        world.Tablet.SendPacket(Packet.Udp(TabletAddress, 5, Web, 80));
        world.Run(100 * Millisecond);
        int tabletPackets = world.Office1.Packets.Count + world.Office2.Packets.Count;
        world.Apply(table => table with { Grants = [new GrantRow(1, [3], [3]), table.Grants[1]] });
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack, 5001, 1001, 100));
        world.Phone.SendPacket(Packet.Tcp(PhoneAddress, 1000, Web, 80, TcpFlags.Ack, 1001, 5001, 100));
        world.Run(100 * Millisecond);
        Assert.Equal(2, world.State.FlowCount);
        LivenessTests.AssertReset(world.Phone.Packets[0], Packet.FlowOf(request), 5001, 1001);
        Assert.Equal(IcmpErrorKind.AdministrativelyProhibited, Packet.ErrorOf(world.Phone.Packets[1]));
        Assert.Equal(2, world.Phone.Packets.Count);
        Assert.Equal(tabletPackets, world.Office1.Packets.Count + world.Office2.Packets.Count);
        Assert.Equal(1, world.State.DropCount(RelayDropReason.UnknownFlow));
    }

    [Fact]
    public void Taking_a_resource_away_cuts_its_flows()
    {
        using var world = new RelayWorld().Registered();
        LivenessTests.OpenTcp(world, out _);
        var applied = ApplyAnd(world, table => table with { Resources = [.. table.Resources.Where(resource => resource.Name != "web")] });
        Assert.Equal(1, applied.FlowsCut);
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    [Trait("Promise", "C10")]
    [Trait("Threat", "13")]
    public void A_removed_client_is_cut_off_and_its_handshakes_are_ignored()
    {
        using var world = new RelayWorld().Registered();
        var mine = LivenessTests.OpenTcp(world, out _);
        var applied = ApplyAnd(world, table => table with { Peers = [.. table.Peers.Where(peer => peer.Name != "phone")] });
        Assert.Equal((1, 1), (applied.Removed, applied.FlowsCut));
        world.FromRelay.Clear();
        mine.Packets.Clear();
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 9, Web, 53));
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack, 5001, 1001, 100));
        world.Run(30 * Second);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == world.Phone.Endpoint);
        Assert.Empty(world.Phone.Packets);
        Assert.Empty(mine.Packets);
        Assert.True(world.State.DropCount(WireGuard.DropReason.UnknownPeer) > 0);
    }

    [Fact]
    public void A_rotated_key_ends_the_old_session_and_lets_the_new_key_in()
    {
        using var world = new RelayWorld().Registered();
        var other = world.Lab1.Key.PublicKey.ToString();
        world.Apply(table => table with
        {
            Peers = [.. table.Peers.Where(peer => peer.Name != "lab-1").Select(peer => peer.Name == "phone" ? peer with { PublicKey = other } : peer)],
        });
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 9, Web, 53));
        world.Run(30 * Second);
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));

        // The node that holds the new key is the phone now, at the address where it is.
        world.Lab1.Boot();
        world.Run(Second);
        Assert.Equal(world.Lab1.Endpoint, world.State.Describe(world.Now).Single(status => status.Name == "phone").Address);
        world.Lab1.SendPacket(Packet.Udp(PhoneAddress, 9, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Single(world.Office1.Packets.Concat(world.Office2.Packets));
    }

    [Fact]
    public void Another_preshared_key_ends_the_session_until_both_sides_have_it()
    {
        using var world = new RelayWorld().Registered();
        string psk = Convert.ToBase64String(new byte[32].Select((_, i) => (byte)(i + 1)).ToArray());
        world.Apply(table => table with { Peers = [.. table.Peers.Select(peer => peer.Name == "phone" ? peer with { PresharedKey = psk } : peer)] });
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 9, Web, 53));
        world.Run(20 * Second);
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));
        world.Phone.Row = world.Phone.Row with { PresharedKey = psk };
        world.Now += Second;
        world.Phone.Boot();
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 9, Web, 53));
        world.Run(Second);
        Assert.Single(world.Office1.Packets.Concat(world.Office2.Packets));
    }

    [Fact]
    public void A_removed_connector_loses_its_flows_and_the_same_table_again_changes_nothing()
    {
        using var world = new RelayWorld().Registered();
        var mine = LivenessTests.OpenTcp(world, out byte[] request);
        Assert.Equal(new RelayApplied(2, 0, 0, 0, 0), ApplyAnd(world, table => table));
        Assert.Equal(1, world.State.FlowCount);
        var applied = ApplyAnd(world, table => table with { Peers = [.. table.Peers.Where(peer => peer.Name != mine.Name)] });
        Assert.Equal((1, 1), (applied.Removed, applied.FlowsCut));
        world.Run(20 * Millisecond);
        LivenessTests.AssertReset(Assert.Single(world.Phone.Packets), Packet.FlowOf(request), 5001, 1001);
        world.Phone.SendPacket(request);
        world.Run(100 * Millisecond);
        Assert.Single((mine == world.Office1 ? world.Office2 : world.Office1).Packets);
    }

    [Fact]
    public void Rows_that_cannot_be_used_are_counted_and_harm_no_others()
    {
        using var world = new RelayWorld(options => options with { MaximumAgents = 6 });
        string key = world.Phone.Row.PublicKey!;
        string Fresh(int i) => Convert.ToBase64String([.. Enumerable.Repeat((byte)i, 32)]);
        PeerRow Bad(int id, string publicKey, string address) => new(id, PeerKind.ExternalClient, $"bad-{id}", publicKey, null, [address], null, true, false);
        var applied = ApplyAnd(world, table => table with
        {
            Peers = [.. table.Peers, Bad(20, key, "100.64.0.9"), Bad(21, "no key", "100.64.0.9"), Bad(22, Fresh(1), "nowhere"), Bad(23, world.RelayKey.PublicKey.ToString(), "100.64.0.9"), Bad(24, Fresh(2), "100.64.0.8"), Bad(25, Fresh(3), "100.64.0.7")],
        });
        Assert.Equal((1, 5), (applied.Added, applied.Refused));
        world.Registered();
    }

    private static RelayApplied ApplyAnd(RelayWorld world, Func<Table, Table> change)
    {
        world.Table = change(world.Table) with { Revision = world.Table.Revision + 1 };
        return world.State.Apply(1, world.Table, world.Now);
    }
}
