using Keyhole.Contracts;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class LivenessTests
{
    [Fact]
    [Trait("Promise", "D8")]
    [Trait("Promise", "C14")]
    public void New_flows_work_within_two_seconds_after_a_connector_died()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.OnPacket = world.Office2.OnPacket = Packet.Answer;
        world.Office1.IsDead = true;
        long died = world.Now;

        // One attempt each 100 ms, each a new flow. A client repeats its SYN after one second.
        ushort port = 1;
        for (; world.Now < died + 1100 * Millisecond; port++)
        {
            world.Phone.SendPacket(Packet.Tcp(PhoneAddress, port, Web, 80, TcpFlags.Syn));
            world.Run(100 * Millisecond);
        }

        world.Phone.Packets.Clear();
        for (ushort late = port; late < port + 20; late++)
            world.Phone.SendPacket(Packet.Tcp(PhoneAddress, late, Web, 80, TcpFlags.Syn));
        world.Run(100 * Millisecond);
        Assert.Equal(20, world.Phone.Packets.Count);
    }

    [Fact]
    public void Flows_of_a_dead_connector_are_reset_at_once_when_another_one_is_there()
    {
        using var world = new RelayWorld().Registered();
        var mine = OpenTcp(world, out byte[] request);
        mine.IsDead = true;
        world.Phone.SendPacket(Packet.Tcp(PhoneAddress, 1000, Web, 80, TcpFlags.Ack, 1001, 5001, 100));
        world.Run(1200 * Millisecond);
        AssertReset(Assert.Single(world.Phone.Packets), Packet.FlowOf(request), sequence: 5001, acknowledgment: 1101);
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    public void Without_another_connector_a_silent_ones_flows_wait_for_it()
    {
        using var world = new RelayWorld().Registered();
        world.Office2.SendMessage(SessionMessageType.Goodbye);
        world.Run(100 * Millisecond);
        var mine = OpenTcp(world, out _);
        Assert.Same(world.Office1, mine);
        mine.IsDead = true;
        world.Phone.SendPacket(Packet.Tcp(PhoneAddress, 1000, Web, 80, TcpFlags.Ack, 1001, 5001, 100));
        world.Run(5 * Second);
        Assert.Empty(world.Phone.Packets);
        Assert.Equal(1, world.State.FlowCount);
        mine.IsDead = false;
        mine.SendPacket(Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack, 5001, 1101));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
        Assert.True(world.Status(mine).IsLive);
    }

    [Fact]
    public void A_connector_that_started_anew_has_its_tcp_flows_reset_and_its_udp_flows_kept()
    {
        using var world = new RelayWorld().Registered();
        world.Office2.SendMessage(SessionMessageType.Goodbye);
        world.Run(100 * Millisecond);
        var mine = OpenTcp(world, out byte[] request);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 2000, Web, 53));
        world.Run(100 * Millisecond);
        mine.Boot();
        world.Run(2 * Second);
        mine.SendHello();
        world.Run(100 * Millisecond);
        AssertReset(Assert.Single(world.Phone.Packets), Packet.FlowOf(request), sequence: 5001, acknowledgment: 1001);
        Assert.Equal(1, world.State.FlowCount);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 2000, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Equal(IpProtocol.Udp, Packet.FlowOf(mine.Packets[^1]).Protocol);
    }

    [Fact]
    [Trait("Promise", "D8")]
    public void A_draining_connector_keeps_its_flows_and_takes_no_new_ones()
    {
        using var world = new RelayWorld().Registered();
        for (ushort port = 1; port <= 20; port++)
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, port, Web, 53));
        world.Run(100 * Millisecond);
        int before = world.Office1.Packets.Count;
        Assert.InRange(before, 1, 19);
        world.Office1.SendMessage(SessionMessageType.Draining);
        world.Run(100 * Millisecond);
        for (ushort port = 1; port <= 40; port++)
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, port, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Equal(2 * before, world.Office1.Packets.Count);
        world.Office1.SendHello();
        world.Apply(table => table with { Peers = [.. table.Peers.Select(peer => peer.Name == "office-2" ? peer with { Draining = true } : peer)] });
        world.Run(100 * Millisecond);
        int second = world.Office2.Packets.Count;
        for (ushort port = 41; port <= 60; port++)
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, port, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Equal(second, world.Office2.Packets.Count);
    }

    [Fact]
    public void A_connector_that_says_goodbye_is_left_at_once()
    {
        using var world = new RelayWorld().Registered();
        var mine = OpenTcp(world, out byte[] request);
        mine.SendMessage(SessionMessageType.Goodbye);
        world.Run(20 * Millisecond);
        AssertReset(Assert.Single(world.Phone.Packets), Packet.FlowOf(request), sequence: 5001, acknowledgment: 1001);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 7, Web, 53));
        world.Run(20 * Millisecond);
        Assert.Single((mine == world.Office1 ? world.Office2 : world.Office1).Packets);
    }

    [Fact]
    public void A_site_without_connectors_is_silent_for_a_while_and_then_unreachable()
    {
        using var world = new RelayWorld().Registered();
        world.Lab1.SendMessage(SessionMessageType.Goodbye);
        world.Run(Second);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, LabOverlay, 53));
        world.Run(Second);
        Assert.Empty(world.Phone.Packets);
        world.Lab1.IsDead = true;
        world.Run(16 * Second);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, LabOverlay, 53));
        world.Run(Second);
        Assert.Equal(IcmpErrorKind.HostUnreachable, Packet.ErrorOf(Assert.Single(world.Phone.Packets)));
    }

    [Fact]
    public void An_idle_connector_that_answers_pings_is_never_called_silent()
    {
        using var world = new RelayWorld().Registered();
        for (int i = 0; i < 100; i++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, Web, 53));
            world.Run(700 * Millisecond);
        }

        while (world.State.TryDequeueEvent(out var relayEvent))
            Assert.NotEqual(RelayEventKind.ConnectorSilent, relayEvent.Kind);
        Assert.Equal(100, world.Office1.Packets.Count + world.Office2.Packets.Count);
    }

    /// <summary>A connection to the web server: SYN, SYN-ACK, ACK. Gives the connector that it goes through; the phone's packets are cleared.</summary>
    internal static SimulatedAgent OpenTcp(RelayWorld world, out byte[] request)
    {
        request = Packet.Tcp(PhoneAddress, 1000, Web, 80, TcpFlags.Syn);
        world.Phone.SendPacket(request);
        world.Run(50 * Millisecond);
        var mine = world.Office1.Packets.Count > 0 ? world.Office1 : world.Office2;
        mine.SendPacket(Packet.Answer(request));
        world.Run(50 * Millisecond);
        Assert.Single(world.Phone.Packets);
        world.Phone.SendPacket(Packet.Tcp(PhoneAddress, 1000, Web, 80, TcpFlags.Ack, 1001, 5001));
        world.Run(50 * Millisecond);
        world.Phone.Packets.Clear();
        return mine;
    }

    internal static void AssertReset(byte[] packet, FlowKey flow, uint sequence, uint acknowledgment)
    {
        Assert.Equal(flow.Reverse(), Packet.FlowOf(packet));
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(TcpView.TryParse(ip.Payload, out var segment));
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, segment.Flags);
        Assert.Equal(sequence, segment.SequenceNumber);
        Assert.Equal(acknowledgment, segment.AcknowledgmentNumber);
        Assert.True(segment.IsChecksumValid(ip.Source, ip.Destination));
    }
}
