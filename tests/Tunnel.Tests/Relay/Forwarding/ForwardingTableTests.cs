using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

public sealed class ForwardingTableTests
{
    private const int Client = 3;
    private const int Other = 4;
    private const int Connector = 7;

    private static readonly IpEndpoint s_client = End("198.51.100.1:5000");
    private static readonly IpEndpoint s_other = End("198.51.100.1:5001");
    private static readonly IpEndpoint s_connector = End("[2001:db8::7]:6000");

    [Fact]
    public void A_session_is_forwarded_in_both_directions_between_confirmed_addresses()
    {
        var table = Registered();
        Assert.Equal(EntryResult.Added, table.AddPair(Client, Connector, 10, 20, Second));
        Assert.Equal((true, Client, Connector, s_connector), Route(table, s_client, 20, Second));
        Assert.Equal((true, Connector, Client, s_client), Route(table, s_connector, 10, Second));
        Assert.Equal((false, Client, -1, default), Route(table, s_client, 10, Second));
        Assert.Equal((false, Other, -1, default), Route(table, s_other, 20, Second));
        Assert.Equal((false, -1, -1, default), Route(table, End("198.51.100.9:1"), 20, Second));
        Assert.Equal(2, table.Count);
    }

    [Fact]
    [Trait("Threat", "5")]
    public void A_move_changes_where_a_session_goes_and_from_where_it_comes_and_no_entry()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        var moved = End("203.0.113.50:1");
        Assert.Equal(-1, table.SetAddress(Client, moved));
        Assert.Equal((true, Connector, Client, moved), Route(table, s_connector, 10, Second));
        Assert.Equal((true, Client, Connector, s_connector), Route(table, moved, 20, Second));
        Assert.Equal((false, -1, -1, default), Route(table, s_client, 20, Second));
    }

    [Fact]
    [Trait("Threat", "4")]
    public void Who_loses_an_address_gets_nothing_until_it_has_another()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        Assert.Equal(Client, table.SetAddress(Other, s_client));
        Assert.Equal((false, Connector, Client, default), Route(table, s_connector, 10, Second));
        Assert.Equal((false, Other, -1, default), Route(table, s_client, 20, Second));
        Assert.Equal(-1, table.SetAddress(Client, s_other));
        Assert.Equal((true, Connector, Client, s_other), Route(table, s_connector, 10, Second));
        table.SetAddress(Client, null);
        Assert.Equal((false, Connector, Client, default), Route(table, s_connector, 10, Second));
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_live_entry_is_never_replaced_by_another_agents()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        Assert.Equal(EntryResult.OwnedByOther, table.AddPair(Other, Connector, 10, 21, Second));
        Assert.Equal(EntryResult.OwnedByOther, table.AddPair(Client, 8, 11, 20, Second));
        Assert.Equal(EntryResult.Added, table.AddPair(Other, Connector, 11, 20, Second));
        Assert.Equal((true, Connector, Client, s_client), Route(table, s_connector, 10, Second));
        Assert.Equal((true, Connector, Other, s_other), Route(table, s_connector, 11, Second));
        long after = Second + ForwardingTable.EntryLifetime + 2 * Millisecond;
        Assert.Equal(EntryResult.Added, table.AddPair(Other, Connector, 10, 21, after));
        Assert.Equal((true, Connector, Other, s_other), Route(table, s_connector, 10, after));
        Assert.Equal((false, Client, -1, default), Route(table, s_client, 20, after));
    }

    [Fact]
    public void The_same_response_again_changes_nothing_and_prolongs_nothing()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        Assert.Equal(EntryResult.Known, table.AddPair(Client, Connector, 10, 20, 5 * Second));
        Assert.Equal(2, table.Count);
        Assert.Equal(Second + ForwardingTable.EntryLifetime, table.NextExpiry);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void Sessions_of_a_pair_that_share_an_index_stand_side_by_side_and_the_last_one_takes_the_shared_entry_with_it()
    {
        // Several responses to one initiation: any of them may be forged, so none replaces another.
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        Assert.Equal(EntryResult.Added, table.AddPair(Client, Connector, 10, 21, 2 * Second));
        Assert.Equal(EntryResult.Added, table.AddPair(Client, Connector, 11, 21, 3 * Second));
        Assert.Equal(EntryResult.Known, table.AddPair(Client, Connector, 10, 20, 3 * Second));
        long end = Second + ForwardingTable.EntryLifetime;
        table.Expire(end);
        Assert.False(Route(table, s_client, 20, end - 1).Found);
        Assert.Equal((true, Connector, Client, s_client), Route(table, s_connector, 10, end));
        table.Expire(end + Second);
        Assert.False(Route(table, s_connector, 10, end).Found);
        Assert.Equal((true, Client, Connector, s_connector), Route(table, s_client, 21, end + Second));
        Assert.Equal((true, Connector, Client, s_client), Route(table, s_connector, 11, end + Second));
        table.Expire(end + 2 * Second);
        Assert.False(Route(table, s_client, 21, end + Second).Found);
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void An_entry_ends_after_190_seconds_whatever_it_carries()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        long end = Second + ForwardingTable.EntryLifetime;
        for (long now = Second; now < end; now += Second)
            Assert.True(Route(table, s_client, 20, now).Found);
        Assert.False(Route(table, s_client, 20, end + Millisecond + 24).Found);
        Assert.Equal(end, table.NextExpiry);
        table.Expire(end - 1);
        Assert.Equal(2, table.Count);
        table.Expire(end);
        Assert.Equal((0, long.MaxValue), (table.Count, table.NextExpiry));
    }

    [Fact]
    public void Of_six_sessions_of_a_pair_one_that_was_never_used_goes_first_then_the_oldest()
    {
        var table = Registered();
        for (uint i = 0; i < 6; i++)
        {
            table.AddPair(Client, Connector, 10 + i, 20 + i, Second + i);
            if (i != 3)
                Assert.True(i % 2 == 0 ? Route(table, s_client, 20 + i, Second).Found : Route(table, s_connector, 10 + i, Second).Found);
        }

        table.AddPair(Client, Connector, 16, 26, 2 * Second);
        Assert.Equal([0, 1, 2, 4, 5, 6], Held());
        Assert.True(Route(table, s_client, 26, Second).Found);
        table.AddPair(Client, Connector, 17, 27, 2 * Second);
        Assert.Equal([1, 2, 4, 5, 6, 7], Held());
        Assert.Equal(12, table.Count);

        IEnumerable<uint> Held() => Enumerable.Range(0, 8).Select(i => (uint)i).Where(i => table.IsEntry(Client, 20 + i, Second, out _));
    }

    [Fact]
    [Trait("Threat", "6")]
    public void One_client_never_takes_the_whole_table_and_others_still_find_room()
    {
        var table = new ForwardingTable(1024, 64);
        uint index = 0;
        for (int i = 0; i < 100; i++)
        {
            for (int connector = 100; connector < 120; connector++)
                table.AddPair(Client, connector, ++index, ++index, Second);
        }

        Assert.Equal(EntryResult.Added, table.AddPair(Other, Connector, ++index, ++index, Second));
        Assert.InRange(table.Count, 2, 64);
        Assert.InRange(table.Count, 2, 10);
    }

    [Fact]
    public void A_client_whose_share_is_in_use_is_refused_and_keeps_what_it_has()
    {
        var table = new ForwardingTable(1024, 32);
        table.SetAddress(Client, s_client);
        var results = new List<EntryResult>();
        for (uint i = 0; i < 8; i++)
        {
            results.Add(table.AddPair(Client, (int)(100 + i), 10 + i, 20 + i, Second));
            Route(table, s_client, 20 + i, Second);
        }

        Assert.Contains(EntryResult.AgentFull, results);
        Assert.Equal(results.Count(result => result == EntryResult.Added), table.Count / 2);
        Assert.True(table.IsEntry(Client, 20, Second, out _));
    }

    [Fact]
    [Trait("Threat", "13")]
    public void What_is_removed_is_not_forwarded_any_more()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        table.AddPair(Client, 8, 11, 21, Second);
        table.AddPair(Other, Connector, 12, 22, Second);
        table.RemovePairs(Client, Connector);
        Assert.False(table.IsEntry(Client, 20, Second, out _));
        Assert.False(table.IsEntry(Connector, 10, Second, out _));
        Assert.True(table.IsEntry(Client, 21, Second, out _));
        Assert.True(table.TryRemoveAny(Connector));
        Assert.False(table.TryRemoveAny(Connector));
        Assert.False(table.IsEntry(Other, 22, Second, out _));
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void The_sessions_of_a_connector_go_oldest_first_and_only_up_to_an_instant()
    {
        var table = Registered();
        table.AddPair(Client, Connector, 10, 20, Second);
        table.AddPair(Other, Connector, 11, 21, 2 * Second);
        table.AddPair(Client, Connector, 12, 22, 3 * Second);
        Assert.True(table.TryRemoveOldest(Connector, 2 * Second, out int first));
        Assert.True(table.HasPair(Client, Connector));
        Assert.True(table.TryRemoveOldest(Connector, 2 * Second, out int second));
        Assert.False(table.HasPair(Other, Connector));
        Assert.Equal((Client, Other), (first, second));
        Assert.False(table.TryRemoveOldest(Connector, 2 * Second, out _));
        Assert.True(table.IsEntry(Client, 22, 3 * Second, out _));
        Assert.Equal(2, table.Count);
    }

    private static ForwardingTable Registered()
    {
        var table = new ForwardingTable(16, 1024);
        table.SetAddress(Client, s_client);
        table.SetAddress(Other, s_other);
        table.SetAddress(Connector, s_connector);
        return table;
    }

    private static (bool Found, int From, int To, IpEndpoint Destination) Route(ForwardingTable table, IpEndpoint source, uint index, long now) =>
        (table.TryRoute(source, index, now, out int from, out int to, out var destination), from, to, destination);
}
