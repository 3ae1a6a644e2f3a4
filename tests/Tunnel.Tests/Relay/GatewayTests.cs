using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class GatewayTests
{
    [Fact]
    [Trait("Promise", "C7")]
    public void Packets_of_a_stock_app_reach_a_connector_of_the_site_and_answers_come_back()
    {
        using var world = new RelayWorld().Registered();
        world.Office1.OnPacket = world.Office2.OnPacket = Packet.Answer;
        byte[][] requests =
        [
            Packet.Udp(PhoneAddress, 1000, Web, 53),
            Packet.Udp(PhoneAddress6, 1000, WebOverlay6, 53),
            Packet.Tcp(PhoneAddress, 1000, WebOverlay, 80, TcpFlags.Syn),
            Packet.Echo(PhoneAddress, Web, 7),
            Packet.Echo(PhoneAddress6, WebOverlay6, 7),
        ];
        foreach (byte[] request in requests)
        {
            world.Phone.Packets.Clear();
            world.Phone.SendPacket(request);
            world.Run(100 * Millisecond);
            byte[] seen = Assert.Single(world.Office1.Packets.Concat(world.Office2.Packets));
            Assert.Equal(request, seen);
            Assert.Equal(Packet.FlowOf(request).Reverse(), Packet.FlowOf(Assert.Single(world.Phone.Packets)));
            world.Office1.Packets.Clear();
            world.Office2.Packets.Clear();
        }

        Assert.Empty(world.Lab1.Packets);
        Assert.Equal(requests.Length, world.State.FlowCount);
    }

    [Fact]
    [Trait("Promise", "D6")]
    public void Two_sites_with_the_same_subnet_are_reached_at_their_overlay_addresses()
    {
        using var world = new RelayWorld().Registered();
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, LabOverlay, 53));
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, WebOverlay, 53));
        world.Run(100 * Millisecond);
        Assert.Equal(LabOverlay, Packet.FlowOf(Assert.Single(world.Lab1.Packets)).Destination);
        Assert.Equal(WebOverlay, Packet.FlowOf(Assert.Single(world.Office1.Packets.Concat(world.Office2.Packets))).Destination);
    }

    [Fact]
    [Trait("Promise", "C9")]
    public void What_was_not_granted_is_answered_by_administratively_prohibited()
    {
        using var world = new RelayWorld().Registered();
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1, Printer, 9100));
        world.Tablet.SendPacket(Packet.Udp(TabletAddress, 1, LabOverlay, 80));
        world.Phone.SendPacket(Packet.Tcp(PhoneAddress, 1, IpAddress.Parse("203.0.113.99"), 80, TcpFlags.Syn));
        world.Run(100 * Millisecond);
        Assert.Equal(2, world.Phone.Packets.Count(packet => Packet.ErrorOf(packet) == IcmpErrorKind.AdministrativelyProhibited));
        Assert.Equal(IcmpErrorKind.AdministrativelyProhibited, Packet.ErrorOf(Assert.Single(world.Tablet.Packets)));
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets).Concat(world.Lab1.Packets));
        Assert.Equal(3, world.State.DropCount(RelayDropReason.UnknownDestination));
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    [Trait("Threat", "14")]
    public void A_source_that_is_not_the_clients_own_goes_nowhere()
    {
        using var world = new RelayWorld().Registered();
        world.Phone.SendPacket(Packet.Udp(TabletAddress, 1, Web, 53));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));
        Assert.Equal(1, world.State.DropCount(WireGuard.DropReason.SourceNotAllowed));
    }

    [Fact]
    [Trait("Promise", "C8")]
    [Trait("Threat", "23")]
    public void Nobody_can_open_a_connection_to_a_stock_app()
    {
        using var world = new RelayWorld().Registered();
        byte[][] intrusions =
        [
            Packet.Udp(Web, 53, PhoneAddress, 1000),
            Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Syn),
            Packet.Tcp(Web, 80, PhoneAddress, 1000, TcpFlags.Ack | TcpFlags.Rst),
            Packet.Echo(Web, PhoneAddress, 1),
            Packet.Echo(Web, PhoneAddress, 1, reply: true),
            Packet.Udp(TabletAddress, 53, PhoneAddress, 1000),
            Packet.Ip(Web, PhoneAddress, 47, new byte[30]),
        ];
        foreach (byte[] intrusion in intrusions)
            world.Office1.SendPacket(intrusion);
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        Assert.Equal(5, world.State.DropCount(RelayDropReason.UnknownFlow));
        Assert.Equal(2, world.State.DropCount(RelayDropReason.UnsupportedProtocol));
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_connector_cannot_answer_a_flow_that_goes_through_another()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        world.Phone.SendPacket(request);
        world.Run(100 * Millisecond);
        var other = world.Office1.Packets.Count > 0 ? world.Office2 : world.Office1;
        other.SendPacket(Packet.Answer(request));
        world.Lab1.SendPacket(Packet.Answer(request));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        Assert.Equal(2, world.State.DropCount(RelayDropReason.ForeignFlow));
    }

    [Fact]
    [Trait("Threat", "18")]
    public void Errors_pass_only_about_a_flow_that_is_open_and_only_from_its_connector()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        world.Phone.SendPacket(request);
        world.Run(100 * Millisecond);
        var (mine, other) = world.Office1.Packets.Count > 0 ? (world.Office1, world.Office2) : (world.Office2, world.Office1);
        byte[] foreign = Packet.Udp(PhoneAddress, 1001, Web, 53);
        other.SendPacket(Error(request, Web, IcmpErrorKind.PortUnreachable));
        mine.SendPacket(Error(foreign, Web, IcmpErrorKind.PortUnreachable));
        world.Run(100 * Millisecond);
        Assert.Empty(world.Phone.Packets);
        mine.SendPacket(Error(request, IpAddress.Parse("192.168.1.1"), IcmpErrorKind.HostUnreachable));
        world.Run(100 * Millisecond);
        Assert.Equal(IcmpErrorKind.HostUnreachable, Packet.ErrorOf(Assert.Single(world.Phone.Packets)));

        // The other way: the app's "port unreachable" about an answer.
        mine.Packets.Clear();
        world.Phone.SendPacket(Error(Packet.Answer(request), PhoneAddress, IcmpErrorKind.PortUnreachable));
        world.Phone.SendPacket(Error(Packet.Answer(foreign), PhoneAddress, IcmpErrorKind.PortUnreachable));
        world.Run(100 * Millisecond);
        Assert.Equal(IcmpErrorKind.PortUnreachable, Packet.ErrorOf(Assert.Single(mine.Packets)));
    }

    [Fact]
    public void Fragments_follow_their_first_one_in_both_directions()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53, 200);
        foreach (byte[] fragment in Fragments(request, 77))
            world.Phone.SendPacket(fragment);
        world.Phone.SendPacket(Fragments(request, 78)[1]);
        world.Run(100 * Millisecond);
        var mine = world.Office1.Packets.Count > 0 ? world.Office1 : world.Office2;
        Assert.Equal(2, mine.Packets.Count);
        Assert.Equal(1, world.State.DropCount(RelayDropReason.UnknownFragment));
        foreach (byte[] fragment in Fragments(Packet.Udp(Web, 53, PhoneAddress, 1000, 200), 5))
            mine.SendPacket(fragment);
        foreach (byte[] fragment in Fragments(Packet.Udp(Web, 53, PhoneAddress, 9999, 200), 6))
            mine.SendPacket(fragment);
        world.Run(100 * Millisecond);
        Assert.Equal(2, world.Phone.Packets.Count);
    }

    [Fact]
    public void A_packet_longer_than_the_inner_mtu_is_answered_by_packet_too_big()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        world.Phone.SendPacket(request);
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 1280 - 28));
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53, 1281 - 28));
        world.Run(100 * Millisecond);
        var mine = world.Office1.Packets.Count > 0 ? world.Office1 : world.Office2;
        Assert.Equal(2, mine.Packets.Count);
        Assert.Equal(IcmpErrorKind.PacketTooBig, Packet.ErrorOf(Assert.Single(world.Phone.Packets)));
        mine.Packets.Clear();
        mine.SendPacket(Packet.Udp(Web, 53, PhoneAddress, 1000, 1300));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
        Assert.Equal(IcmpErrorKind.PacketTooBig, Packet.ErrorOf(Assert.Single(mine.Packets)));
        Assert.Equal(2, world.State.DropCount(RelayDropReason.TooLarge));
    }

    [Fact]
    public void Flows_spread_over_the_connectors_of_a_site_and_stay_where_they_are()
    {
        using var world = new RelayWorld().Registered();
        for (int round = 0; round < 2; round++)
        {
            for (ushort port = 1; port <= 100; port++)
                world.Phone.SendPacket(Packet.Udp(PhoneAddress, port, Web, 53));
            world.Run(100 * Millisecond);
        }

        Assert.InRange(world.Office1.Packets.Count, 60, 140);
        Assert.Equal(200, world.Office1.Packets.Count + world.Office2.Packets.Count);
        var ports1 = world.Office1.Packets.Select(packet => Packet.FlowOf(packet).SourcePort).ToHashSet();
        Assert.DoesNotContain(world.Office2.Packets, packet => ports1.Contains(Packet.FlowOf(packet).SourcePort));
    }

    [Fact]
    [Trait("Threat", "21")]
    public void A_client_at_its_limit_gives_up_its_own_oldest_flow_and_nobody_elses()
    {
        using var world = new RelayWorld(options => options with { MaximumFlowsPerClient = 10 }).Registered();
        world.Tablet.SendPacket(Packet.Udp(TabletAddress, 1, Web, 53));
        for (ushort port = 1; port <= 30; port++)
        {
            world.Phone.SendPacket(Packet.Udp(PhoneAddress, port, Web, 53));
            world.Run(10 * Millisecond);
        }

        Assert.Equal(11, world.State.FlowCount);
        Assert.Equal(10, world.Status(world.Phone).FlowCount);
        Assert.Equal(1, world.Status(world.Tablet).FlowCount);
    }

    [Fact]
    public void An_idle_flow_ends_and_its_late_answer_is_dropped()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53);
        world.Phone.SendPacket(request);
        world.Run(100 * Millisecond);
        var mine = world.Office1.Packets.Count > 0 ? world.Office1 : world.Office2;
        world.Run(299 * Second);
        mine.SendPacket(Packet.Answer(request));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
        world.Run(301 * Second);
        mine.SendPacket(Packet.Answer(request));
        world.Run(100 * Millisecond);
        Assert.Single(world.Phone.Packets);
        world.Run(60 * Second);
        Assert.Equal(0, world.State.FlowCount);
    }

    [Fact]
    [Trait("Promise", "C1")]
    public void Without_the_gateway_mark_a_stock_app_is_a_stranger()
    {
        using var world = new RelayWorld().Registered();
        world.Apply(table => table with { Relays = [table.Relays[0] with { Gateway = false }] });
        world.Phone.SendPacket(Packet.Udp(PhoneAddress, 1000, Web, 53));
        world.Run(10 * Second);
        Assert.Empty(world.Office1.Packets.Concat(world.Office2.Packets));
        Assert.Equal(3, world.State.AgentCount);
    }

    private static byte[] Error(byte[] about, IpAddress from, IcmpErrorKind kind)
    {
        Assert.True(IpView.TryParse(about, out var offending));
        byte[] error = new byte[IcmpError.MaximumLength];
        Assert.True(IcmpError.TryWrite(error, offending, from, kind, 1280, out int length));
        return error[..length];
    }

    private static byte[][] Fragments(byte[] packet, ushort identification)
    {
        Assert.True(IpView.TryParse(packet, out var ip));
        var (source, destination, protocol) = (ip.Source, ip.Destination, ip.Protocol);
        byte[] Fragment(ReadOnlySpan<byte> payload, int offset, bool more)
        {
            byte[] fragment = new byte[20 + payload.Length];
            Ipv4Header.Write(fragment, source, destination, protocol, fragment.Length, identification: identification, dontFragment: false, moreFragments: more, fragmentOffset: offset);
            payload.CopyTo(fragment.AsSpan(20));
            return fragment;
        }

        return [Fragment(ip.Payload[..96], 0, more: true), Fragment(ip.Payload[96..], 96, more: false)];
    }
}
