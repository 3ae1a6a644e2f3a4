using Keyhole.Contracts;
using Keyhole.Cryptography;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class SlicedApplyTests
{
    private const int Many = 2000;

    [Fact]
    public void A_large_table_comes_in_slices_and_the_relay_works_in_between()
    {
        using var world = Large();
        world.Office1.OnPacket = world.Office2.OnPacket = Packet.Answer;
        var prepared = world.State.Prepare(1, WithMany(world));
        world.State.BeginApply(prepared, world.Now);
        int slices = 1;
        RelayApplied applied;
        for (; !world.State.ContinueApply(world.Now, out applied); slices++)
        {
            Assert.InRange(world.State.AgentCount, 5 + slices * 30, 5 + (slices + 1) * 60);
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, (ushort)(1000 + slices), Web, 53));
            world.Run(20 * Millisecond);
        }

        Assert.Equal((Many, 0, 0), (applied.Added, applied.Removed, applied.Refused));
        Assert.InRange(slices, Many / 60 - 1, Many / 30);
        Assert.Equal(slices - 1, world.Phone.Packets.Count);
        Assert.Equal(Many + 5, world.State.AgentCount);
        Assert.Equal(2, world.State.Revision);
    }

    [Fact]
    [Trait("Threat", "13")]
    public void What_a_table_takes_away_is_gone_with_the_first_slice_however_much_it_brings()
    {
        using var world = Large();
        Assert.Equal(EntryResult.Added, world.State.Forwarding.AddPair(SlotOf(world, world.Tablet), SlotOf(world, world.Office1), 10, 20, world.Now));
        var mine = LivenessTests.OpenTcp(world, out _);
        var table = WithMany(world) with { Grants = [world.Table.Grants[1]] };
        world.State.BeginApply(world.State.Prepare(1, table with { Peers = [.. table.Peers.Where(peer => peer.Name != "tablet")] }), world.Now);
        Assert.False(world.State.ContinueApply(world.Now, out var applied));
        Assert.Equal((1, 1), (applied.Removed, applied.FlowsCut));
        Assert.Equal(0, world.State.FlowCount);
        Assert.Equal(0, world.State.Forwarding.Count);
        Assert.False(world.State.Forwarding.TryFindAgent(world.Tablet.Endpoint, out _));
        world.Phone.Packets.Clear();
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, Packets.TcpFlags.Ack, 5001, 1001, 100));
        world.Run(20 * Millisecond);
        Assert.DoesNotContain(world.Phone.Packets, packet => packet.Length > 60);
    }

    [Fact]
    public void An_agent_with_many_sessions_leaves_at_once_and_its_entries_go_in_slices()
    {
        using var world = Large();
        int connector = SlotOf(world, world.Office1);
        uint index = 0;
        for (int client = 100; client < 180; client++)
        {
            for (int session = 0; session < ForwardingTable.SessionsPerPair; session++)
                Assert.Equal(EntryResult.Added, world.State.Forwarding.AddPair(client, connector, ++index, ++index, world.Now));
        }

        int count = world.State.Forwarding.Count;
        var table = world.Table with { Revision = 2, Peers = [.. world.Table.Peers.Where(peer => peer.Name != "office-1")] };
        world.State.BeginApply(world.State.Prepare(1, table), world.Now);
        Assert.False(world.State.Forwarding.TryFindAgent(world.Office1.Endpoint, out _));
        Assert.InRange(count - world.State.Forwarding.Count, 2 * 300, 2 * 400);
        while (!world.State.ContinueApply(world.Now, out _))
        {
            // The rest.
        }

        Assert.Equal(0, world.State.Forwarding.Count);
    }

    [Fact]
    public void A_delta_of_one_row_touches_one_agent()
    {
        using var world = Large();
        var large = WithMany(world);
        Finish(world, large);
        int writes = world.Journal.EntryWrites.Count;
        var delta = new TableDelta { FromRevision = 2, Revision = 3, Upserts = new Table { Revision = 3, Organisation = "acme", Overlay = large.Overlay, Peers = [Row(Many + 7)] } };
        var prepared = world.State.Prepare(1, large.Apply(delta)!);
        Assert.Equal([Many + 7], prepared.Added.Select(peer => peer.Row.Id));
        Assert.Empty(prepared.Removed);
        Assert.Empty(prepared.Renamed);
        Assert.Empty(prepared.Rerouted);
        world.State.BeginApply(prepared, world.Now);
        Assert.True(world.State.ContinueApply(world.Now, out var applied));
        Assert.Equal(new RelayApplied(3, 1, 0, 0, 0), applied);
        Assert.Equal(writes, world.Journal.EntryWrites.Count);
    }

    [Fact]
    public void A_changed_resource_reroutes_those_to_whom_it_was_granted_and_nobody_else()
    {
        using var world = new RelayWorld().Registered();
        var printer = world.Table.Resources[1];
        var changed = world.Table with
        {
            Revision = 2,
            Grants = [.. world.Table.Grants, new GrantRow(3, [2], [])],
            Resources = [world.Table.Resources[0], printer with { Name = "scanner" }, world.Table.Resources[2] with { Overlay = ["100.64.2.21/32"] }],
        };
        var prepared = world.State.Prepare(1, changed);
        Assert.Equal([1], prepared.Rerouted.Select(peer => peer.Row.Id));
        Assert.Empty(prepared.Added);
        Assert.Empty(prepared.Removed);
    }

    [Fact]
    public void A_row_that_was_refused_is_tried_again_with_every_table()
    {
        using var world = new RelayWorld().Registered();
        var twice = world.Tablet.Row with { Id = 50, Name = "twin" };
        var with = world.Table with { Revision = 2, Peers = [.. world.Table.Peers, twice] };
        Assert.Equal(new RelayApplied(2, 0, 0, 0, 1), world.State.Apply(1, with, world.Now));
        Assert.Equal(new RelayApplied(3, 0, 0, 0, 1), world.State.Apply(1, with with { Revision = 3 }, world.Now));
        var without = with with { Revision = 4, Peers = [.. with.Peers.Where(peer => peer.Id != world.Tablet.Row.Id)] };
        Assert.Equal(new RelayApplied(4, 1, 1, 0, 0), world.State.Apply(1, without, world.Now));
        Assert.Equal(new RelayApplied(5, 0, 0, 0, 0), world.State.Apply(1, without with { Revision = 5 }, world.Now));
    }

    [Fact]
    public void Two_tables_at_once_are_the_callers_mistake()
    {
        using var world = Large();
        var first = world.State.Prepare(1, WithMany(world));
        var second = world.State.Prepare(1, world.Table);
        world.State.BeginApply(first, world.Now);
        Assert.Throws<InvalidOperationException>(() => world.State.BeginApply(second, world.Now));
        while (!world.State.ContinueApply(world.Now, out _))
        {
            // To its end.
        }

        Assert.Throws<InvalidOperationException>(() => world.State.BeginApply(second, world.Now));
    }

    private static RelayWorld Large() => new RelayWorld(options => options with { MaximumAgents = 4096, MaximumEntries = 4096, Journal = null }).Registered();

    private static void Finish(RelayWorld world, Table table)
    {
        world.State.BeginApply(world.State.Prepare(1, table), world.Now);
        while (!world.State.ContinueApply(world.Now, out _))
        {
            // To its end.
        }
    }

    private static Table WithMany(RelayWorld world) => world.Table with
    {
        Revision = 2,
        Peers = [.. world.Table.Peers, .. Enumerable.Range(100, Many).Select(id => Row(id == Many + 7 ? 99 : id))],
    };

    private static PeerRow Row(int id)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        BitConverter.TryWriteBytes(key, id);
        key[31] = 1;
        return new PeerRow(id, PeerKind.Device, $"device-{id}", Convert.ToBase64String(key), null, [], null, false, false);
    }

    private static int SlotOf(RelayWorld world, SimulatedAgent agent) =>
        world.State.Forwarding.TryFindAgent(agent.Endpoint, out int slot) ? slot : throw new InvalidOperationException($"{agent.Name} has no address.");
}
