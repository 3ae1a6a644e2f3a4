using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class EntryRestartTests
{
    [Fact]
    public void Sessions_go_on_after_a_kill_with_the_deadlines_that_they_had()
    {
        using var world = new RelayWorld().Registered();
        Assert.Equal(EntryResult.Added, Add(world, world.Phone, world.Office1, 10, 20));
        long end = world.Now + ForwardingTable.EntryLifetime;
        world.Run(Second);
        Assert.Equal(EntryResult.Added, Add(world, world.Tablet, world.Office2, 11, 21));
        world.Run(Second);
        world.Start();
        Assert.Equal(4, world.State.Forwarding.Count);
        Assert.Equal(world.Office1.Endpoint, Route(world, world.Phone, 20));
        Assert.Equal(world.Phone.Endpoint, Route(world, world.Office1, 10));
        Assert.Equal(world.Tablet.Endpoint, Route(world, world.Office2, 11));
        Assert.Null(Route(world, world.Tablet, 20));
        Assert.Equal(end, world.State.Forwarding.NextExpiry);

        // New sessions find places, and what ends is gone for the restart after this one too.
        Assert.Equal(EntryResult.Added, Add(world, world.Phone, world.Office2, 12, 22));
        world.Run(ForwardingTable.EntryLifetime - Second);
        world.Start();
        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Equal(world.Phone.Endpoint, Route(world, world.Office2, 12));
    }

    [Fact]
    public void After_a_reboot_there_is_no_session()
    {
        using var world = new RelayWorld().Registered();
        Add(world, world.Phone, world.Office1, 10, 20);
        world.Journal.IsOfThisBoot = false;
        for (int starts = 0; starts < 2; starts++)
        {
            world.Start();
            Assert.Equal(0, world.State.Forwarding.Count);
        }
    }

    [Fact]
    [Trait("Threat", "13")]
    public void Sessions_of_an_agent_that_is_gone_do_not_come_back_even_if_it_does()
    {
        using var world = new RelayWorld().Registered();
        Add(world, world.Phone, world.Office1, 10, 20);
        Add(world, world.Tablet, world.Office1, 11, 21);
        var before = world.Table;
        world.Table = before with { Peers = [.. before.Peers.Where(peer => peer.Name != "tablet")] };
        world.Start();
        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Equal(world.Office1.Endpoint, Route(world, world.Phone, 20));
        world.Table = before;
        world.Start();
        Assert.Equal(2, world.State.Forwarding.Count);
    }

    [Fact]
    [Trait("Threat", "13")]
    public void Sessions_that_the_table_does_not_grant_any_more_do_not_come_back()
    {
        using var world = new RelayWorld().Registered();
        Add(world, world.Phone, world.Lab1, 10, 20);
        Add(world, world.Phone, world.Office1, 11, 21);
        world.Table = world.Table with { Grants = [new Contracts.GrantRow(1, [1], [])] };
        world.Start();
        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Null(Route(world, world.Phone, 20));
        Assert.Equal(world.Office1.Endpoint, Route(world, world.Phone, 21));
    }

    [Fact]
    public void A_kill_at_any_byte_of_any_write_leaves_the_sessions_from_before_or_after_it()
    {
        using var world = new RelayWorld().Registered();
        Add(world, world.Phone, world.Office1, 10, 20);
        Add(world, world.Tablet, world.Office1, 11, 21);
        for (uint i = 0; i < 7; i++)
            Add(world, world.Phone, world.Office2, 30 + i, 40 + i);
        world.State.Forwarding.TryRemoveAny(SlotOf(world, world.Tablet));
        Add(world, world.Phone, world.Lab1, 12, 22);
        var writes = world.Journal.EntryWrites.ToList();
        Assert.True(writes.Count > 10);
        byte[] entries = new byte[world.Journal.Entries.Length];
        foreach (var (index, record) in writes)
        {
            int before = Live(entries);
            var place = entries.AsSpan(index * EntryRecord.Length, EntryRecord.Length);
            byte[] old = place.ToArray();
            for (int cut = 0; cut <= EntryRecord.Length; cut++)
            {
                entries.CopyTo(world.Journal.Entries, 0);
                record.AsSpan(0, cut).CopyTo(world.Journal.Entries.AsSpan(index * EntryRecord.Length));
                world.Start();
                int others = before - (EntryRecord.TryRead(old, out _) ? 1 : 0);
                Assert.InRange(world.State.Forwarding.Count / 2, others, others + 1);
                Assert.True(cut is not (0 or EntryRecord.Length) || world.State.Forwarding.Count / 2 == (cut == 0 ? before : others + (record.AsSpan().ContainsAnyExcept((byte)0) ? 1 : 0)));
            }

            record.CopyTo(place);
        }
    }

    [Fact]
    public void Garbage_among_the_entries_is_no_entry()
    {
        using var world = new RelayWorld().Registered();
        new Random(5).NextBytes(world.Journal.Entries);
        world.Start();
        Assert.Equal(0, world.State.Forwarding.Count);
        Assert.DoesNotContain(world.Journal.Entries, part => part != 0);

        // Whole records that name nobody, the wrong side, each other's index, or a time that cannot be.
        var (phone, tablet, office) = (SlotOf(world, world.Phone), SlotOf(world, world.Tablet), SlotOf(world, world.Office1));
        long deadline = world.Now + Second;
        EntryRecord[] records =
        [
            new(-1, office, 1, 1, deadline),
            new(phone, 63, 2, 2, deadline),
            new(int.MaxValue, int.MinValue, 3, 3, deadline),
            new(office, phone, 4, 4, deadline),
            new(phone, tablet, 5, 5, deadline),
            new(phone, office, 6, 6, world.Now),
            new(phone, office, 7, 7, world.Now + ForwardingTable.EntryLifetime + 1),
            new(phone, office, 8, 8, long.MinValue),
            new(phone, office, 9, 9, deadline),
            new(tablet, office, 9, 10, deadline + 1),
        ];
        for (int i = 0; i < records.Length; i++)
            records[i].Write(world.Journal.Entries.AsSpan((40 + i) * EntryRecord.Length));
        world.Start();
        Assert.Equal(2, world.State.Forwarding.Count);
        Assert.Equal(world.Office1.Endpoint, Route(world, world.Phone, 9));
        Assert.Equal(1, Live(world.Journal.Entries));
    }

    [Fact]
    public void Agents_with_sessions_are_called_first_after_a_restart()
    {
        using var world = new RelayWorld().Registered();
        Add(world, world.Phone, world.Lab1, 10, 20);
        world.RelayIsDead = true;
        world.Run(Second);
        world.FromRelay.Clear();
        world.Start();
        world.Run(Second);
        var called = world.FromRelay.Where(flight => flight.Bytes[0] == 1).Select(flight => flight.Destination).ToList();
        Assert.Equal(5, called.Distinct().Count());
        Assert.Equal([world.Phone.Endpoint, world.Lab1.Endpoint], called.Take(2).OrderBy(end => end.Address));
    }

    private static EntryResult Add(RelayWorld world, SimulatedAgent client, SimulatedAgent connector, uint clientIndex, uint connectorIndex) =>
        world.State.Forwarding.AddPair(SlotOf(world, client), SlotOf(world, connector), clientIndex, connectorIndex, world.Now);

    private static int SlotOf(RelayWorld world, SimulatedAgent agent) =>
        world.State.Forwarding.TryFindAgent(agent.Endpoint, out int slot) ? slot : throw new InvalidOperationException($"{agent.Name} has no address.");

    private static IpEndpoint? Route(RelayWorld world, SimulatedAgent sender, uint index) =>
        world.State.Forwarding.TryRoute(sender.Endpoint, index, world.Now, out _, out _, out var destination) ? destination : null;

    private static int Live(byte[] entries) =>
        Enumerable.Range(0, entries.Length / EntryRecord.Length).Count(i => EntryRecord.TryRead(entries.AsSpan(i * EntryRecord.Length), out _));
}
