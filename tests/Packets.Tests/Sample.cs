namespace Keyhole.Packets.Tests;

/// <summary>Packets to begin with.</summary>
internal static class Sample
{
    public static readonly IpAddress A4 = IpAddress.Parse("100.64.0.2");
    public static readonly IpAddress B4 = IpAddress.Parse("192.168.1.20");
    public static readonly IpAddress A6 = IpAddress.Parse("fd00::2");
    public static readonly IpAddress B6 = IpAddress.Parse("fd00::1:20");

    public static byte[] Packet(IpAddress source, IpAddress destination, byte protocol, ReadOnlySpan<byte> payload)
    {
        byte[] packet = new byte[IpHeader.LengthFor(source) + payload.Length];
        int header = IpHeader.Write(packet, source, destination, protocol, payload.Length);
        payload.CopyTo(packet.AsSpan(header));
        return packet;
    }

    public static byte[] Udp(IpAddress source, IpAddress destination, ushort sourcePort, ushort destinationPort, int length)
    {
        byte[] datagram = new byte[UdpHeader.Length + length];
        for (int i = 8; i < datagram.Length; i++)
            datagram[i] = (byte)i;
        UdpHeader.Write(datagram, source, sourcePort, destination, destinationPort);
        return Packet(source, destination, IpProtocol.Udp, datagram);
    }

    public static byte[] Tcp(IpAddress source, IpAddress destination, ushort sourcePort, ushort destinationPort, TcpFlags flags, TcpOptions options, int length)
    {
        byte[] segment = new byte[TcpHeader.MinimumLength + options.Length + length];
        TcpHeader.Write(segment, sourcePort, destinationPort, 0x01020304, 0x05060708, flags, 0x1234, options);
        TcpHeader.WriteChecksum(segment, source, destination);
        return Packet(source, destination, IpProtocol.Tcp, segment);
    }

    public static byte[] Echo(IpAddress source, IpAddress destination, ushort identifier, ushort sequence, int length)
    {
        byte[] message = new byte[IcmpMessage.HeaderLength + length];
        IcmpMessage.WriteEchoRequest(message, source, destination, identifier, sequence);
        return Packet(source, destination, source.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, message);
    }

    /// <summary>An IPv6 packet with the extension headers given: each a next-header number and its bytes, whose first byte is overwritten.</summary>
    public static byte[] WithExtensions(byte protocol, byte[] payload, params (byte Number, byte[] Bytes)[] headers)
    {
        var body = new List<byte>();
        for (int i = 0; i < headers.Length; i++)
        {
            byte[] bytes = [.. headers[i].Bytes];
            bytes[0] = i + 1 < headers.Length ? headers[i + 1].Number : protocol;
            body.AddRange(bytes);
        }

        body.AddRange(payload);
        return Packet(A6, B6, headers.Length > 0 ? headers[0].Number : protocol, body.ToArray());
    }
}
