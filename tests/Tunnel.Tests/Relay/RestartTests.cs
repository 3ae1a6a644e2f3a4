using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class RestartTests
{
    [Fact]
    public void After_a_kill_and_restart_a_stock_app_works_again_within_five_seconds_and_without_doing_anything()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.OnPacket = world.Office2.OnPacket = Packet.Answer;
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
        world.RelayIsDead = true;
        world.Run(3 * Second);
        world.Start();
        world.Run(Second);
        Assert.True(world.Status(world.Phone).IsLive);
        Assert.True(world.Status(world.Office1).IsLive);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 2, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Equal(2, world.Phone.Packets.Count);
    }

    [Fact]
    public void Flows_survive_so_that_a_server_may_push_to_a_client_that_only_listens()
    {
        using var world = new RelayWorld().Registered();
        var mine = LivenessTests.OpenTcp(world, out _);
        byte[] closed = Packet.Udp(PhoneAddress, 5, Web, 53);
        world.Phone.SendPacket(closed);
        world.Run(100 * Millisecond);
        world.RelayIsDead = true;
        world.Run(Second);
        world.Apply(table => table with { Revision = 7 });
        world.Start();
        Assert.Equal(2, world.State.FlowCount);
        world.Run(Second);
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack, 5001, 1001, 100));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
    }

    [Fact]
    public void What_was_revoked_meanwhile_does_not_come_back()
    {
        using var world = new RelayWorld().Registered();
        var mine = LivenessTests.OpenTcp(world, out _);
        world.RelayIsDead = true;
        world.Run(Second);
        world.Table = world.Table with { Revision = 9, Grants = [world.Table.Grants[1]], Peers = [.. world.Table.Peers.Where(peer => peer.Name != "tablet")] };
        world.FromRelay.Clear();
        world.Start();
        world.Run(5 * Second);
        Assert.Equal(0, world.State.FlowCount);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == world.Tablet.Endpoint);
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack, 5001, 1001, 100));
        world.Run(Second);
        Assert.Empty(world.Phone.Packets);

        // Nor with the restart after that one.
        world.Start();
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    [Trait("Threat", "3")]
    public void An_initiation_from_before_the_restart_is_refused_after_it()
    {
        using var world = new RelayWorld();
        var initiations = new List<Flight>();
        world.Delivers = flight =>
        {
            if (flight.Destination == RelayEndpoint && flight.Bytes[0] == 1)
                initiations.Add(flight);
            return true;
        };
        world.Run(2 * Second);
        world.Delivers = flight => flight.Destination == RelayEndpoint && flight.Source == End("198.51.100.200:9");
        Assert.Equal(5, initiations.Count);
        foreach (bool thisBoot in new[] { true, false })
        {
            world.Journal.IsOfThisBoot = thisBoot;
            world.Start();
            Assert.True(world.Journal.IsOfThisBoot);
            foreach (var initiation in initiations)
                world.Send(initiation with { Source = End("198.51.100.200:9") });
            world.Run(100 * Millisecond);
            Assert.Equal(5, world.State.DropCount(WireGuard.DropReason.TimestampReplayed));
        }
    }

    [Fact]
    public void After_a_reboot_addresses_are_forgotten()
    {
        using var world = new RelayWorld().Registered();
        LivenessTests.OpenTcp(world, out _);
        world.Journal.IsOfThisBoot = false;
        for (int starts = 0; starts < 2; starts++)
        {
            world.Start();
            Assert.Equal(0, world.State.FlowCount);
            Assert.All(world.State.Describe(world.Now), status => Assert.Null(status.Address));
        }
    }

    [Fact]
    public void A_record_torn_at_any_byte_gives_the_one_before_it()
    {
        using var world = new RelayWorld().Registered();
        byte[] before = [.. world.Journal.Slots];
        world.Phone.Endpoint = End("198.51.100.77:7777");
        for (int i = 0; i < 5; i++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 100));
            world.Run(50 * Millisecond);
        }

        byte[] after = [.. world.Journal.Slots];
        int[] changed = [.. Enumerable.Range(0, after.Length / SlotRecord.Length).Where(i => !Part(before, i).SequenceEqual(Part(after, i)))];
        Assert.NotEmpty(changed);
        int last = changed.MaxBy(i => SlotRecord.TryRead(Part(after, i), out var record) ? record.Version : 0);
        var recovered = new HashSet<IpEndpoint?>();
        for (int cut = 0; cut <= SlotRecord.Length; cut++)
        {
            after.CopyTo(world.Journal.Slots, 0);
            Part(before, last)[cut..].CopyTo(Part(world.Journal.Slots, last)[cut..]);
            world.Start();
            recovered.Add(world.Status(world.Phone).Address);
        }

        Assert.DoesNotContain(null, recovered);
        Assert.Contains(world.Phone.Endpoint, recovered);

        static Span<byte> Part(byte[] slots, int index) => slots.AsSpan(index * SlotRecord.Length, SlotRecord.Length);
    }

    [Fact]
    public void Garbage_in_the_journal_is_an_empty_journal()
    {
        using var world = new RelayWorld().Registered();
        new Random(3).NextBytes(world.Journal.Slots);
        new Random(4).NextBytes(world.Journal.Flows);
        world.Start();
        Assert.Equal(0, world.State.FlowCount);
        Assert.Equal(5, world.State.AgentCount);
        Assert.All(world.State.Describe(world.Now), status => Assert.Null(status.Address));
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 100));
        world.Run(30 * Second);
        Assert.True(world.Status(world.Phone).IsLive);
    }

    [Fact]
    public void The_journal_holds_no_secret()
    {
        using var world = new RelayWorld().Registered();
        LivenessTests.OpenTcp(world, out _);
        byte[] secret = new byte[32];
        foreach (var key in new[] { world.RelayKey, world.Phone.Key, world.Office1.Key })
        {
            key.Export(secret);
            Assert.Equal(-1, world.Journal.Slots.AsSpan().IndexOf(secret.AsSpan(0, 8)));
            Assert.Equal(-1, world.Journal.Flows.AsSpan().IndexOf(secret.AsSpan(0, 8)));
        }
    }
}
