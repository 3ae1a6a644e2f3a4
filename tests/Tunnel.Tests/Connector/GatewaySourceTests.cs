using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Connector.ConnectorWorld;

namespace Keyhole.Tunnel.Tests.Connector;

/// <summary>Whom a connector hears, and where its answers go (docs/protocol.md, rule 22).</summary>
public sealed class GatewaySourceTests
{
    private const int Pairs = 50_000;

    [Fact]
    public void A_granted_client_is_heard_and_answered_in_both_families()
    {
        using var world = new ConnectorWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        byte[] request6 = Packet.Udp(PhoneAddress6, 1000, IpAddress.Parse("fd00::1:20"), 53);
        world.Relay1.SendPayload(request);
        world.Relay1.SendPayload(request6);
        world.Run(100 * Millisecond);
        Assert.Equal([Phone, Phone], world.Entered.Select(entered => entered.Client));
        Assert.Equal([request, request6], world.Entered.Select(entered => entered.Packet));
        byte[] answer = Packet.Udp(Web, 53, PhoneAddress, 1000);
        Assert.True(world.Answer(Phone, answer));
        world.Run(100 * Millisecond);
        Assert.Equal(answer, Assert.Single(world.Relay1.Packets));
    }

    [Theory]
    [Trait("Threat", "17")]
    [Trait("Threat", "23")]
    [InlineData("100.64.0.3")]
    [InlineData("100.64.0.4")]
    [InlineData("100.64.0.9")]
    [InlineData("192.168.1.20")]
    [InlineData("10.0.0.1")]
    public void A_relay_speaks_for_granted_clients_in_gateway_mode_and_for_nobody_else(string source)
    {
        using var world = new ConnectorWorld().Registered();
        world.Relay1.SendPayload(Packet.Udp(IpAddress.Parse(source), 1000, Web == IpAddress.Parse(source) ? PhoneAddress : Web, 53));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Entered);
        Assert.Equal(1, world.State.DropCount(ConnectorDropReason.UnknownClient));
    }

    [Fact]
    [Trait("Threat", "18")]
    public void A_mapped_source_is_not_taken_for_the_client_whose_address_it_holds()
    {
        using var world = new ConnectorWorld().Registered();
        byte[] packet = Packet.Udp(PhoneAddress6, 1000, IpAddress.Parse("fd00::1:20"), 53);
        packet.AsSpan(8, 10).Clear();
        packet[18] = packet[19] = 0xFF;
        PhoneAddress.WriteTo(packet.AsSpan(20));
        world.Relay1.SendPayload(packet);
        world.Run(100 * Millisecond);
        Assert.Empty(world.Entered);
    }

    [Fact]
    [Trait("Threat", "22")]
    public void A_client_whose_last_grant_goes_is_silent_from_that_instant_both_ways()
    {
        using var world = new ConnectorWorld().Registered();
        world.RunWithTraffic(Second);
        world.Run(100 * Millisecond);
        world.Apply(table => table with { Grants = [.. table.Grants.Where(grant => grant.Client != Phone)] });
        world.Entered.Clear();
        world.Relay1.Packets.Clear();
        world.RunWithTraffic(Second);
        Assert.Empty(world.Entered);
        Assert.Empty(world.Relay1.Packets);
    }

    [Fact]
    public void An_answer_goes_through_the_relay_that_brought_the_last_packet()
    {
        using var world = new ConnectorWorld();
        world.Registered(table => table with { Relays = [world.Relay1.Row, world.Relay2.Row] });
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        byte[] answer = Packet.Udp(Web, 53, PhoneAddress, 1000);
        foreach (var relay in new[] { world.Relay1, world.Relay2, world.Relay1 })
        {
            world.Relay1.Packets.Clear();
            world.Relay2.Packets.Clear();
            relay.SendPayload(request);
            world.Run(100 * Millisecond);
            world.Answer(Phone, answer);
            world.Run(100 * Millisecond);
            Assert.Single(relay.Packets);
            Assert.Equal(1, world.Relay1.Packets.Count + world.Relay2.Packets.Count);
        }
    }

    [Fact]
    public void A_client_that_was_never_heard_has_no_way_back()
    {
        using var world = new ConnectorWorld().Registered();
        Assert.False(world.State.CanSend(Phone));
        Assert.False(world.Answer(Phone, Packet.Udp(Web, 53, PhoneAddress, 1000)));
        Assert.False(world.State.CanSend(99));
        Assert.Equal(1, world.State.DropCount(ConnectorDropReason.NoSession));
    }

    [Fact]
    [Trait("Promise", "D1")]
    [Trait("Threat", "1")]
    public void What_does_not_come_from_a_relay_gets_no_answer()
    {
        using var world = new ConnectorWorld().Registered();
        world.FromConnector.Clear();
        var elsewhere = RelayWorld.End("198.51.100.66:21820");
        var random = new Random(7);
        for (int type = 0; type < 256; type++)
        {
            foreach (int length in new[] { 0, 1, 4, 32, 64, 92, 148, 149, 1400 })
            {
                byte[] bytes = new byte[length];
                random.NextBytes(bytes);
                if (length >= 4)
                    (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)type, 0, 0, 0);
                Assert.False(world.Receive(bytes, elsewhere, out _, out _));
            }
        }

        // Not even the relay's own words, said from elsewhere.
        world.Relay1.SendPayload(Packet.Udp(PhoneAddress, 1000, Web, 53), from: elsewhere);
        world.Delivers = flight => flight.Source != world.Relay1.Endpoint;
        world.Run(10 * Millisecond);
        Assert.Empty(world.Entered);
        Assert.DoesNotContain(world.FromConnector, flight => flight.Destination == elsewhere);
        Assert.Equal(256 * 9 + 1, world.State.DropCount(ConnectorDropReason.UnknownSource));
    }

    [Theory]
    [Trait("Threat", "3")]
    [InlineData(SessionMessageType.Hello)]
    [InlineData(SessionMessageType.Draining)]
    [InlineData(SessionMessageType.Goodbye)]
    [InlineData(SessionMessageType.PeerPing)]
    [InlineData((SessionMessageType)0x40)]
    public void Control_messages_that_a_relay_may_not_send_are_counted_and_nothing_more(SessionMessageType type)
    {
        using var world = new ConnectorWorld().Registered();
        byte[] payload = new byte[64];
        payload[0] = SessionMessage.FirstByte;
        payload[1] = (byte)type;
        payload[3] = type switch { SessionMessageType.Hello => 17, SessionMessageType.PeerPing => 8, _ => 0 };
        world.FromConnector.Clear();
        world.Relay1.SendPayload(payload);
        world.Run(20 * Millisecond);
        Assert.Equal(1, world.State.DropCount(ConnectorDropReason.Control));
        Assert.Empty(world.Entered);
    }

    [Fact]
    public void One_hundred_thousand_packets_allocate_nothing()
    {
        using var world = new ConnectorWorld().Registered();
        byte[] answer = Packet.Udp(Web, 53, PhoneAddress, 1000, 1000);
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53, 1000);
        world.Relay1.SendPayload(request);
        world.Run(100 * Millisecond);
        world.Records = false;
        var total = (Entered: 0, Left: 0, Allocated: 0L);
        for (int i = -500; i < Pairs; i++)
        {
            if (i == 0)
                total = default;
            Exchange(world, request, answer, ref total);
        }

        Assert.Equal((Pairs, Pairs, 0L), total);
    }

    /// <summary>Only what the connector does is measured; sealing on the relay's side comes before it.</summary>
    private static void Exchange(ConnectorWorld world, byte[] request, byte[] answer, ref (int Entered, int Left, long Allocated) total)
    {
        byte[] datagram = world.Relay1.Seal(request);
        world.Now += 10;
        Span<ClientPacket> packets = stackalloc ClientPacket[1];
        long before = GC.GetAllocatedBytesForCurrentThread();
        if (world.State.Receive(datagram, datagram.Length, world.Relay1.Endpoint, world.Now, packets) == 1 && packets[0].Client == Phone)
            total.Entered++;
        if (world.Answer(Phone, answer))
            total.Left++;
        if (world.Now >= world.State.NextDeadline)
            world.State.Tick(world.Now);
        total.Allocated += GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
