using System.Buffers.Binary;

namespace Keyhole.Packets.Tests;

public class SuperPacketTests
{
    private static readonly IpAddress Source4 = IpAddress.Parse("100.64.0.2");
    private static readonly IpAddress Target4 = IpAddress.Parse("192.168.1.20");
    private static readonly IpAddress Source6 = IpAddress.Parse("fd00::2");
    private static readonly IpAddress Target6 = IpAddress.Parse("fd55::20");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Segments_of_TCP_are_what_a_host_without_offload_would_send(bool ipv6)
    {
        var (source, target) = ipv6 ? (Source6, Target6) : (Source4, Target4);
        foreach (int payload in new[] { 1, 999, 1000, 1001, 2000, 64_000 })
        {
            byte[] data = Data(payload);
            byte[] packet = Tcp(source, target, data, TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin | TcpFlags.Cwr);
            Assert.True(SuperPacket.TryParse(packet, 1000, out var super));
            Assert.Equal((payload + 999) / 1000, super.Count);
            var whole = new List<byte>();
            for (int i = 0; i < super.Count; i++)
            {
                byte[] segment = new byte[super.LengthOf(i)];
                Assert.Equal(segment.Length, super.Write(i, segment));
                Assert.True(IpView.TryParse(segment, out var ip));
                Assert.True(TcpView.TryParse(ip.Payload, out var tcp));
                Assert.Equal(segment.Length, ip.TotalLength);
                Assert.Equal(0, Checksum.Finish(Checksum.Sum(ip.Payload, Checksum.Pseudo(source, target, IpProtocol.Tcp, ip.Payload.Length))));
                Assert.Equal(1000u + (uint)whole.Count, tcp.SequenceNumber);
                Assert.Equal(i == 0, (tcp.Flags & TcpFlags.Cwr) != 0);
                Assert.Equal(i == super.Count - 1, (tcp.Flags & TcpFlags.Fin) != 0);
                Assert.Equal(i == super.Count - 1, (tcp.Flags & TcpFlags.Psh) != 0);
                if (!ipv6)
                    Assert.Equal((ushort)(0xFFFE + i), ip.Identification);
                whole.AddRange(tcp.Payload);
            }

            Assert.Equal(data, whole);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Segments_of_TCP_are_cut_again_for_a_narrower_way_and_datagrams_are_not(bool ipv6)
    {
        var (source, target) = ipv6 ? (Source6, Target6) : (Source4, Target4);
        byte[] data = Data(30_000);
        byte[] packet = Tcp(source, target, data, TcpFlags.Ack);
        foreach (int mtu in new[] { 576, 1280, 1420, 9000 })
        {
            Assert.True(SuperPacket.TryParse(packet, 1360, mtu, out var super));
            var whole = new List<byte>();
            for (int i = 0; i < super.Count; i++)
            {
                byte[] segment = new byte[super.LengthOf(i)];
                super.Write(i, segment);
                Assert.InRange(segment.Length, 1, mtu);
                Assert.True(IpView.TryParse(segment, out var ip));
                Assert.True(TcpView.TryParse(ip.Payload, out var tcp));
                Assert.Equal(1000u + (uint)whole.Count, tcp.SequenceNumber);
                Assert.Equal(0, Checksum.Finish(Checksum.Sum(ip.Payload, Checksum.Pseudo(source, target, IpProtocol.Tcp, ip.Payload.Length))));
                whole.AddRange(tcp.Payload);
            }

            Assert.Equal(data, whole);
        }

        byte[] datagram = new byte[UdpHeader.Length + 1400];
        UdpHeader.Write(datagram, source, 1, target, 2);
        Assert.True(SuperPacket.TryParse(Ip(source, target, IpProtocol.Udp, datagram), 1400, 1280, out var one));
        Assert.Equal((1, datagram.Length + (ipv6 ? 40 : 20)), (one.Count, one.LengthOf(0)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_of_UDP_get_their_own_length_and_checksum(bool ipv6)
    {
        var (source, target) = ipv6 ? (Source6, Target6) : (Source4, Target4);
        byte[] data = Data(2_500);
        byte[] datagram = new byte[UdpHeader.Length + data.Length];
        data.CopyTo(datagram, UdpHeader.Length);
        UdpHeader.Write(datagram, source, 1, target, 2);
        Assert.True(SuperPacket.TryParse(Ip(source, target, IpProtocol.Udp, datagram), 1000, out var super));
        Assert.Equal(3, super.Count);
        var whole = new List<byte>();
        for (int i = 0; i < super.Count; i++)
        {
            byte[] segment = new byte[super.LengthOf(i)];
            super.Write(i, segment);
            Assert.True(IpView.TryParse(segment, out var ip));
            Assert.True(UdpView.TryParse(ip.Payload, out var udp));
            Assert.Equal(0, Checksum.Finish(Checksum.Sum(ip.Payload, Checksum.Pseudo(source, target, IpProtocol.Udp, ip.Payload.Length))));
            whole.AddRange(udp.Payload);
        }

        Assert.Equal(data, whole);
    }

    [Fact]
    public void A_checksum_that_holds_the_pseudo_header_only_is_finished()
    {
        byte[] packet = Tcp(Source4, Target4, Data(77), TcpFlags.Ack);
        byte[] expected = [.. packet];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(36), Checksum.Fold(Checksum.Pseudo(Source4, Target4, IpProtocol.Tcp, packet.Length - 20)));
        Assert.True(SuperPacket.TryFinishChecksum(packet, 20, 16));
        Assert.Equal(expected, packet);
        Assert.False(SuperPacket.TryFinishChecksum(packet, packet.Length - 17, 16));
        Assert.False(SuperPacket.TryFinishChecksum(packet, -1, 16));
    }

    [Fact]
    public void What_is_not_whole_is_refused()
    {
        byte[] packet = Tcp(Source4, Target4, Data(3000), TcpFlags.Ack);
        Assert.False(SuperPacket.TryParse(packet, 0, out _));
        Assert.False(SuperPacket.TryParse(packet.AsSpan(0, 30), 1000, out _));
        Assert.False(SuperPacket.TryParse(packet.AsSpan(0, 2000), 1000, out _));
        Assert.False(SuperPacket.TryParse(Ip(Source4, Target4, IpProtocol.Icmp, Data(3000)), 1000, out _));
        packet[6] = 0x20;
        packet.AsSpan(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum.Finish(Checksum.Sum(packet.AsSpan(0, 20))));
        Assert.False(SuperPacket.TryParse(packet, 1000, out _));
    }

    private static byte[] Data(int length)
    {
        byte[] data = new byte[length];
        new Random(TestSeed.Next()).NextBytes(data);
        return data;
    }

    private static byte[] Tcp(IpAddress source, IpAddress target, byte[] data, TcpFlags flags)
    {
        byte[] segment = new byte[TcpHeader.MinimumLength + data.Length];
        TcpHeader.Write(segment, 1, 2, 1000, 7, flags, 1000, default);
        data.CopyTo(segment, TcpHeader.MinimumLength);
        TcpHeader.WriteChecksum(segment, source, target);
        return Ip(source, target, IpProtocol.Tcp, segment);
    }

    /// <summary>An identification that runs over.</summary>
    private static byte[] Ip(IpAddress source, IpAddress target, byte protocol, byte[] payload)
    {
        byte[] packet = new byte[IpHeader.LengthFor(source) + payload.Length];
        payload.CopyTo(packet, IpHeader.Write(packet, source, target, protocol, payload.Length));
        if (source.IsIpv4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), 0xFFFE);
            packet.AsSpan(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum.Finish(Checksum.Sum(packet.AsSpan(0, 20))));
        }

        return packet;
    }
}
