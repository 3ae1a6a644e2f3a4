using Keyhole.Contracts;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class AddressTests
{
    private static readonly IpEndpoint Victim = End("198.51.100.200:9");

    [Fact]
    public void An_agent_has_no_address_until_its_first_data_after_the_response()
    {
        using var world = new RelayWorld();
        world.Delivers = flight => flight.Source != RelayEndpoint;
        world.Run(100 * Millisecond);
        Assert.Contains(world.FromRelay, flight => flight.Destination == world.Phone.Endpoint && flight.Bytes[0] == 2);
        Assert.Null(world.Status(world.Phone).Address);
        world.Delivers = _ => true;
        world.Run(10 * Second);
        Assert.Equal(world.Phone.Endpoint, world.Status(world.Phone).Address);
    }

    [Fact]
    [Trait("Threat", "3")]
    public void A_replayed_initiation_from_elsewhere_moves_nothing_and_gets_no_answer()
    {
        using var world = new RelayWorld();
        var seen = new List<Flight>();
        world.Delivers = flight =>
        {
            seen.Add(flight);
            return true;
        };
        world.Run(5 * Second);
        world.FromRelay.Clear();
        foreach (var flight in seen.Where(flight => flight.Destination == RelayEndpoint).ToList())
            world.Send(flight with { Source = Victim });
        world.Run(5 * Second);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == Victim);
        Assert.Equal(world.Phone.Endpoint, world.Status(world.Phone).Address);
        Assert.Equal(5, world.State.DropCount(WireGuard.DropReason.TimestampReplayed));
    }

    [Fact]
    [Trait("Threat", "2")]
    [Trait("Threat", "5")]
    public void Datagrams_that_arrive_first_from_a_spoofed_address_never_bring_it_more_bytes_than_came_and_never_the_agents_traffic()
    {
        using var world = new RelayWorld().Registered();
        long toVictim = 0, fromVictim = 0;

        // The attacker on the path sends everything of both agents on from the victim's address; the original never arrives.
        world.Delivers = flight =>
        {
            if (flight.Destination == Victim)
                toVictim += flight.Bytes.Length;
            if (flight.Destination != RelayEndpoint || flight.Source == Victim || (flight.Source != world.Phone.Endpoint && flight.Source != world.Office1.Endpoint))
                return true;
            fromVictim += flight.Bytes.Length;
            world.Send(flight with { Source = Victim });
            return false;
        };
        for (int i = 0; i < 200; i++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53));
            world.Office1.SendMessage(SessionMessageType.Draining);
            world.Run(Second);
        }

        Assert.True(toVictim > 0 && toVictim <= fromVictim, $"{toVictim} bytes to the victim for {fromVictim} from there");
        Assert.Equal(world.Phone.Endpoint, world.Status(world.Phone).Address);
        Assert.Equal(world.Office1.Endpoint, world.Status(world.Office1).Address);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == Victim && flight.Bytes[0] == 4 && flight.Bytes.Length > 48);
    }

    [Fact]
    public void A_connector_that_roams_confirms_by_answering_a_ping_and_is_told_where_it_is_seen()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.Endpoint = End("203.0.113.77:7777");
        world.Office1.SendMessage(SessionMessageType.Draining);
        world.Run(20 * Millisecond);
        Assert.Equal(world.Office1.Endpoint, world.Status(world.Office1).Address);
        Assert.Equal(2, world.Office1.Messages.Count);
        Assert.Equal((byte)SessionMessageType.Ping, world.Office1.Messages[0][1]);
        Assert.True(SessionMessage.TryParse(world.Office1.Messages[1], SessionScope.Registration, out var message));
        Assert.True(SessionHelloAck.TryParse(message, out var ack));
        Assert.Equal(world.Office1.Endpoint, new IpEndpoint(new IpAddress(ack.Reflexive.High, ack.Reflexive.Low), ack.Reflexive.Port));
    }

    [Fact]
    public void A_stock_app_that_roams_confirms_by_answering_the_relays_handshake()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.OnPacket = world.Office2.OnPacket = Packet.Answer;
        world.Phone.Endpoint = End("198.51.100.77:7777");

        // Data of the app is forwarded meanwhile: it is authentic. Answers follow once the address is proven.
        for (int i = 0; i < 10; i++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 100));
            world.Run(50 * Millisecond);
        }

        Assert.Equal(world.Phone.Endpoint, world.Status(world.Phone).Address);
        Assert.Equal(10, world.Office1.Packets.Count + world.Office2.Packets.Count);
        Assert.InRange(world.Phone.Packets.Count, 7, 10);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void An_address_belongs_to_the_agent_that_confirmed_it_last()
    {
        using var world = new RelayWorld().Registered();
        var address = world.Tablet.Endpoint;
        world.Tablet.IsDead = true;
        world.Phone.Endpoint = address;
        for (int i = 0; i < 5; i++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 100));
            world.Run(50 * Millisecond);
        }

        Assert.Equal(address, world.Status(world.Phone).Address);
        Assert.Null(world.Status(world.Tablet).Address);
    }

    [Fact]
    [Trait("Threat", "1")]
    public void Random_datagrams_are_never_answered()
    {
        using var world = new RelayWorld().Registered();
        var random = new Random(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            if (bytes.Length >= 4)
            {
                bytes[0] = (byte)random.Next(0, 6);
                bytes[1] = bytes[2] = bytes[3] = 0;
            }

            world.Send(new Flight(Victim, RelayEndpoint, bytes));
        }

        world.Run(100 * Millisecond);
        Assert.DoesNotContain(world.FromRelay, flight => flight.Destination == Victim);
    }

    [Fact]
    public void A_hello_is_acknowledged_and_a_ping_answered_by_a_pong_of_its_length()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.SendHello();
        byte[] ping = new byte[64];
        new SessionPing(SessionMessageType.Ping, 42).Write(ping);
        world.Office1.SendPacket(ping);
        world.Run(100 * Millisecond);
        Assert.Equal(2, world.Office1.Messages.Count);
        Assert.True(SessionMessage.TryParse(world.Office1.Messages[0], SessionScope.Registration, out var first));
        Assert.True(SessionHelloAck.TryParse(first, out var ack));
        Assert.Equal(world.Office1.BootNonce, ack.BootNonce);
        Assert.Equal(64, world.Office1.Messages[1].Length);
        Assert.True(SessionMessage.TryParse(world.Office1.Messages[1], SessionScope.Registration, out var second));
        Assert.True(SessionPing.TryParse(second, out var pong));
        Assert.Equal(new SessionPing(SessionMessageType.Pong, 42), pong);
    }

    [Fact]
    public void A_stock_app_gets_no_control_message_and_none_is_taken_from_it()
    {
        using var world = new RelayWorld().Registered();
        world.Phone.SendHello();
        world.Phone.SendMessage(SessionMessageType.Goodbye);
        world.Office1.SendMessage(SessionMessageType.Goodbye);
        world.Lab1.SendPacket([0x10, 0x7F, 0, 0]);
        world.Lab1.SendPacket([0x10, 0x80, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Messages);
        Assert.True(world.Status(world.Phone).IsLive);
        Assert.False(world.Status(world.Office1).IsLive);
        Assert.Equal(4, world.State.DropCount(RelayDropReason.Control));
    }
}
