using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>Inner packets of clients and targets.</summary>
internal static class Packet
{
    public static byte[] Udp(IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, int length = 20)
    {
        byte[] datagram = new byte[UdpHeader.Length + length];
        UdpHeader.Write(datagram, source, sourcePort, destination, destinationPort);
        return Ip(source, destination, IpProtocol.Udp, datagram);
    }

    public static byte[] Tcp(
        IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, TcpFlags flags, uint sequence = 1000, uint acknowledgment = 0, int length = 0)
    {
        byte[] segment = new byte[TcpHeader.MinimumLength + length];
        TcpHeader.Write(segment, sourcePort, destinationPort, sequence, acknowledgment, flags, 1000, default);
        TcpHeader.WriteChecksum(segment, source, destination);
        return Ip(source, destination, IpProtocol.Tcp, segment);
    }

    public static byte[] Echo(IpAddress source, IpAddress destination, ushort identifier, bool reply = false)
    {
        byte[] message = new byte[IcmpMessage.HeaderLength + 16];
        if (reply)
            IcmpMessage.WriteEchoReply(message, source, destination, identifier, 1);
        else
            IcmpMessage.WriteEchoRequest(message, source, destination, identifier, 1);
        return Ip(source, destination, source.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, message);
    }

    public static byte[] Ip(IpAddress source, IpAddress destination, byte protocol, ReadOnlySpan<byte> payload)
    {
        byte[] packet = new byte[IpHeader.LengthFor(source) + payload.Length];
        payload.CopyTo(packet.AsSpan(IpHeader.Write(packet, source, destination, protocol, payload.Length)));
        return packet;
    }

    /// <summary>The answer of a target: the same payload the other way; an echo reply to an echo request; SYN-ACK to SYN.</summary>
    public static byte[] Answer(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(ip.TryGetFlow(out var flow));
        return flow.Protocol switch
        {
            IpProtocol.Udp => Udp(flow.Destination, flow.DestinationPort, flow.Source, flow.SourcePort),
            IpProtocol.Tcp => Tcp(flow.Destination, flow.DestinationPort, flow.Source, flow.SourcePort, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001),
            _ => Echo(flow.Destination, flow.Source, flow.SourcePort, reply: true),
        };
    }

    public static FlowKey FlowOf(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(ip.TryGetFlow(out var flow));
        return flow;
    }

    public static IcmpErrorKind ErrorOf(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(IcmpErrorView.TryParse(ip, out var error));
        return error.Kind;
    }
}
