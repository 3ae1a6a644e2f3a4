using Keyhole.Contracts;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.NameWorld;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>The relay's name server inside the tunnel, over UDP.</summary>
public sealed class NameServerTests
{
    [Fact]
    [Trait("Promise", "C13")]
    public void Granted_aliases_lead_to_their_overlay_addresses()
    {
        using var world = Create();
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Phone, "web.acme.internal", DnsType.A));
        Assert.Equal((0, WebOverlay6.ToString()), world.Ask(world.Phone, "WEB.acme.internal", DnsType.Aaaa));
        Assert.Equal((0, LabOverlay.ToString()), world.Ask(world.Phone, "lab-web.acme.internal", DnsType.A));
        Assert.Equal((0, "web.acme.internal"), world.Ask(world.Phone, "20.1.64.100.in-addr.arpa", DnsType.Ptr));
        world.Phone.SendUdp(PhoneAddress6, Server6, Query("web.acme.internal", DnsType.A));
        world.Run(100 * Millisecond);
        Assert.Equal((0, WebOverlay.ToString()), Describe(world.Phone.TakeAnswer()));
        Assert.Equal(new NameCounts(Answered: 5, Refused: 0, Forwarded: 0, Failed: 0), world.State.NameCounts);
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void A_name_of_others_is_refused_as_one_that_does_not_exist()
    {
        using var world = Create();
        string[] names = ["lab-web.acme.internal", "nothing.acme.internal", "printer.acme.internal", "example.com", "20.2.64.100.in-addr.arpa", "99.2.64.100.in-addr.arpa"];
        foreach (string name in names)
        {
            foreach (int type in new[] { DnsType.A, DnsType.Aaaa, DnsType.Ptr, DnsType.Any, DnsType.Soa })
                Assert.Equal((DnsResponseCode.Refused, ""), world.Ask(world.Tablet, name, type));
            world.Run(Second);
        }
    }

    [Fact]
    [Trait("Promise", "C13")]
    public void A_new_alias_answers_and_a_revoked_one_does_not_from_the_next_query_on()
    {
        using var world = Create();
        world.Apply(table => table with { Resources = [.. table.Resources.Select(row => row.Id == 1 ? row with { Alias = "intranet.acme.internal" } : row)] });
        Assert.Equal((DnsResponseCode.Refused, ""), world.Ask(world.Phone, "web.acme.internal", DnsType.A));
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Phone, "intranet.acme.internal", DnsType.A));
        world.Apply(table => table with { Grants = [new GrantRow(1, [3], []), new GrantRow(2, [1], [])] });
        Assert.Equal((DnsResponseCode.Refused, ""), world.Ask(world.Phone, "intranet.acme.internal", DnsType.A));
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Tablet, "intranet.acme.internal", DnsType.A));
    }

    [Fact]
    public void Other_names_are_asked_elsewhere_where_the_operator_wants_that()
    {
        using var world = Create("192.0.2.53:53");
        world.Phone.SendUdp(PhoneAddress, Server, Query("example.com", DnsType.A, id: 7));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        Assert.True(world.State.TryDequeueQuery(out var query));
        Assert.False(query.IsStream);
        Assert.Equal(Query("example.com", DnsType.A, id: 7), query.Message.ToArray());
        byte[] response = [.. Query("example.com", DnsType.A, id: 7), 9, 9, 9];
        response[2] |= 0x80;
        world.State.Answer(query, response, world.Now);
        world.Run(100 * Millisecond);
        Assert.Equal(response, world.Phone.TakeAnswer());
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Phone, "web.acme.internal", DnsType.A));
        Assert.Equal(new NameCounts(Answered: 1, Refused: 0, Forwarded: 1, Failed: 0), world.State.NameCounts);
    }

    [Theory]
    [InlineData(0, 513)]
    [InlineData(1232, 1233)]
    [InlineData(4096, 1280 - 28 + 1)]
    public void An_answer_that_is_too_long_is_asked_for_again_over_tcp(int payloadLength, int tooLong)
    {
        using var world = Create("192.0.2.53:53");
        for (int length = tooLong - 1; length <= tooLong; length++)
        {
            byte[] asked = Query("example.com", DnsType.A, payloadLength: payloadLength);
            world.Phone.SendUdp(PhoneAddress, Server, asked);
            world.Run(100 * Millisecond);
            Assert.True(world.State.TryDequeueQuery(out var query));
            byte[] response = new byte[length];
            asked.CopyTo(response, 0);
            response[2] |= 0x80;
            world.State.Answer(query, response, world.Now);
            world.Run(100 * Millisecond);
            byte[] answer = world.Phone.TakeAnswer();
            Assert.True(DnsView.TryParse(answer, out var view));
            Assert.Equal((length == tooLong, 0, length == tooLong ? 0 : length), (view.IsTruncated, view.ResponseCode, length == tooLong ? 0 : answer.Length));
        }
    }

    [Fact]
    public void A_server_that_does_not_answer_is_a_failure_and_one_that_answers_a_client_that_is_gone_is_nothing()
    {
        using var world = Create("192.0.2.53:53");
        world.Phone.SendUdp(PhoneAddress, Server, Query("example.com", DnsType.A));
        world.Tablet.SendUdp(TabletAddress, Server, Query("example.com", DnsType.A));
        world.Run(100 * Millisecond);
        Assert.True(world.State.TryDequeueQuery(out var first));
        Assert.True(world.State.TryDequeueQuery(out var second));
        world.Apply(table => table with { Peers = [.. table.Peers.Where(peer => peer.Id != world.Tablet.Row.Id)] });
        world.State.Answer(first, [], world.Now);
        world.State.Answer(second, [], world.Now);
        world.Run(100 * Millisecond);
        Assert.Equal((DnsResponseCode.ServerFailure, ""), Describe(world.Phone.TakeAnswer()));
        Assert.Empty(world.Tablet.Packets);
        Assert.Equal(2, world.State.NameCounts.Failed);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void One_client_waits_for_at_most_32_answers_and_leaves_room_for_others()
    {
        using var world = Create("192.0.2.53:53");
        for (int i = 0; i < 40; i++)
            world.Phone.SendUdp(PhoneAddress, Server, Query($"n{i}.example.com", DnsType.A));
        world.Tablet.SendUdp(TabletAddress, Server, Query("example.com", DnsType.A));
        world.Run(100 * Millisecond);
        var waiting = new List<NameQuery>();
        while (world.State.TryDequeueQuery(out var query))
            waiting.Add(query);
        Assert.Equal(33, waiting.Count);
        Assert.Equal(8, world.Phone.Packets.Count);
        foreach (var query in waiting)
            world.State.Answer(query, [], world.Now);
        world.Run(100 * Millisecond);
        world.Phone.Packets.Clear();
        world.Phone.SendUdp(PhoneAddress, Server, Query("example.com", DnsType.A));
        world.Run(100 * Millisecond);
        Assert.True(world.State.TryDequeueQuery(out _));
    }

    [Fact]
    [Trait("Threat", "25")]
    public void Queries_beyond_a_clients_share_are_dropped_and_another_client_has_its_own()
    {
        using var world = Create();
        for (int i = 0; i < 300; i++)
            world.Phone.SendUdp(PhoneAddress, Server, Query("web.acme.internal", DnsType.A));
        world.Tablet.SendUdp(TabletAddress, Server, Query("web.acme.internal", DnsType.A));
        world.Run(50 * Millisecond);
        Assert.InRange(world.Phone.Packets.Count, 200, 210);
        Assert.Equal(300, world.Phone.Packets.Count + world.State.DropCount(RelayDropReason.NameRate));
        Assert.Equal((0, WebOverlay.ToString()), Describe(world.Tablet.TakeAnswer()));
        world.Run(3 * Second);
        world.Phone.Packets.Clear();
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Phone, "web.acme.internal", DnsType.A));
    }

    [Fact]
    public void No_grant_leads_past_the_name_server_and_it_answers_nothing_but_queries()
    {
        using var world = Create();
        world.Apply(table => table with { Resources = [.. table.Resources.Select(row => row.Id == 1 ? row with { Destination = "0.0.0.0/0", Overlay = [] } : row)] });
        Assert.Equal((DnsResponseCode.Refused, ""), world.Ask(world.Phone, "example.com", DnsType.A));
        world.Phone.SendUdp(PhoneAddress, Server, Query("example.com", DnsType.A), port: 853);
        world.Run(100 * Millisecond);
        Assert.Equal(IcmpErrorKind.PortUnreachable, Packet.ErrorOf(Assert.Single(world.Phone.Packets)));
        world.Phone.Packets.Clear();
        byte[] response = Query("example.com", DnsType.A);
        response[2] |= 0x80;
        world.Phone.SendUdp(PhoneAddress, Server, response);
        world.Phone.SendUdp(PhoneAddress, Server, [1, 2, 3]);
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        Assert.Equal(2, world.State.DropCount(RelayDropReason.Malformed));
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));
    }

    [Fact]
    [Trait("Promise", "C15")]
    public void A_sealed_app_asks_for_names_and_nothing_else_of_it_is_taken()
    {
        using var world = new RelayWorld();
        world.Phone.Row = world.Phone.Row with { Kind = PeerKind.Machine };
        world.Apply(table => WithNames(table) with { Peers = [.. table.Peers.Select(peer => peer.Id == 1 ? world.Phone.Row : peer)] });
        world.Registered();
        Assert.Equal((0, WebOverlay.ToString()), world.Ask(world.Phone, "web.acme.internal", DnsType.A));
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53));
        world.Phone.SendUdp(TabletAddress, Server, Query("web.acme.internal", DnsType.A));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));
        Assert.Equal(1, world.State.DropCount(RelayDropReason.NotGatewayMode));
        Assert.Equal(1, world.State.DropCount(WireGuard.DropReason.SourceNotAllowed));
    }
}
