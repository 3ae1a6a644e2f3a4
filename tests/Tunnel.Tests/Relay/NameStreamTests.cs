using Keyhole.NetStack;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.NameWorld;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>The relay's name server inside the tunnel, over TCP (RFC 7766).</summary>
public sealed class NameStreamTests
{
    [Fact]
    [Trait("Promise", "C13")]
    public void Several_queries_go_over_one_connection_however_they_are_cut()
    {
        using var world = Create();
        var client = new NameStreamClient(world, world.Phone, 5000);
        byte[] first = NameStreamClient.Frame(Query("web.acme.internal", DnsType.A));
        byte[] second = NameStreamClient.Frame(Query("lab-web.acme.internal", DnsType.A));
        byte[] third = NameStreamClient.Frame(Query("example.com", DnsType.A));
        client.Send([.. first, .. second, .. third[..1]]);
        Assert.Equal([(0, WebOverlay.ToString()), (0, LabOverlay.ToString())], client.TakeAnswers().Select(Describe));
        client.Send(third.AsSpan(1, 9));
        client.Send(third.AsSpan(10));
        Assert.Equal([(DnsResponseCode.Refused, "")], client.TakeAnswers().Select(Describe));
        Assert.Equal(1, world.State.NameStreamCount);
        client.Flow.Close();
        client.Run();
        Assert.Equal(0, world.State.NameStreamCount);
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    public void A_long_answer_of_another_server_arrives_whole_and_the_next_query_waits_for_it()
    {
        using var world = Create("192.0.2.53:53");
        var client = new NameStreamClient(world, world.Phone, 5000);
        client.Send([.. NameStreamClient.Frame(Query("example.com", DnsType.A)), .. NameStreamClient.Frame(Query("web.acme.internal", DnsType.A))]);
        Assert.Empty(client.TakeAnswers());
        Assert.True(world.State.TryDequeueQuery(out var query));
        Assert.True(query.IsStream);
        byte[] response = new byte[ushort.MaxValue];
        new SeededRandom(1).Fill(response);
        world.State.Answer(query, response, world.Now);
        for (int i = 0; i < 5; i++)
            client.Run();
        var answers = client.TakeAnswers();
        Assert.Equal(2, answers.Count);
        Assert.Equal(response, answers[0]);
        Assert.Equal((0, WebOverlay.ToString()), Describe(answers[1]));
    }

    [Fact]
    public void An_answer_for_a_connection_that_is_over_goes_nowhere()
    {
        using var world = Create("192.0.2.53:53");
        var client = new NameStreamClient(world, world.Phone, 5000);
        client.Send(NameStreamClient.Frame(Query("example.com", DnsType.A)));
        Assert.True(world.State.TryDequeueQuery(out var query));
        client.Flow.Abort();
        client.Run();
        Assert.Equal(0, world.State.NameStreamCount);
        int packets = world.Phone.Packets.Count;
        world.State.Answer(query, new byte[100], world.Now);
        client.Run();
        Assert.Equal(packets, world.Phone.Packets.Count);
    }

    [Fact]
    [Trait("Promise", "C10")]
    public void The_connections_of_a_client_that_is_taken_out_are_gone_and_it_hears_nothing()
    {
        using var world = Create();
        var client = new NameStreamClient(world, world.Phone, 5000);
        Assert.Equal(1, world.State.NameStreamCount);
        int packets = world.Phone.Packets.Count;
        world.Apply(table => table with { Peers = [.. table.Peers.Where(peer => peer.Id != world.Phone.Row.Id)] });
        client.Send(NameStreamClient.Frame(Query("web.acme.internal", DnsType.A)));
        Assert.Equal(0, world.State.NameStreamCount);
        Assert.Equal(packets, world.Phone.Packets.Count);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void What_is_no_query_ends_the_connection_and_an_idle_one_ends_by_itself()
    {
        using var world = Create();
        var client = new NameStreamClient(world, world.Phone, 5000);
        client.Send([0xFF, 0xFF, 1, 2, 3]);
        Assert.Equal(CloseReason.PeerReset, client.Ended);
        client = new NameStreamClient(world, world.Phone, 5001);
        client.Send([0, 0]);
        Assert.Equal(CloseReason.PeerReset, client.Ended);
        byte[] response = Query("web.acme.internal", DnsType.A);
        response[2] |= 0x80;
        client = new NameStreamClient(world, world.Phone, 5002);
        client.Send(NameStreamClient.Frame(response));
        Assert.Equal(CloseReason.PeerReset, client.Ended);
        client = new NameStreamClient(world, world.Phone, 5003);
        Assert.Equal(1, world.State.NameStreamCount);
        for (int i = 0; i < 25; i++)
            client.Run();
        Assert.Equal(0, world.State.NameStreamCount);
        Assert.Equal(CloseReason.PeerReset, client.Ended);
    }

    [Fact]
    [Trait("Threat", "25")]
    public void One_client_has_eight_connections_and_another_its_own()
    {
        using var world = Create();
        for (ushort port = 5000; port < 5020; port++)
            world.Phone.SendPacket(Packet.Tcp(PhoneAddress, port, Server, 53, TcpFlags.Syn));
        world.Run(200 * Millisecond);
        Assert.Equal(8, world.State.NameStreamCount);
        var tablet = new NameStreamClient(world, world.Tablet, 5000);
        tablet.Send(NameStreamClient.Frame(Query("web.acme.internal", DnsType.A)));
        Assert.Equal([(0, WebOverlay.ToString())], tablet.TakeAnswers().Select(Describe));
        world.Run(60 * Second);
        Assert.Equal(0, world.State.NameStreamCount);
    }
}
