namespace Keyhole.Packets.Tests;

public class TcpCoalescerTests
{
    private const int HeadRoom = 10;

    private static readonly IpAddress Source4 = IpAddress.Parse("192.168.1.20");
    private static readonly IpAddress Target4 = IpAddress.Parse("100.64.0.2");
    private static readonly IpAddress Source6 = IpAddress.Parse("fd55::20");
    private static readonly IpAddress Target6 = IpAddress.Parse("fd00::2");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Joining_undoes_cutting(bool ipv6)
    {
        var (source, target) = ipv6 ? (Source6, Target6) : (Source4, Target4);
        byte[] whole = Tcp(source, target, 5000, 1000, TcpFlags.Ack | TcpFlags.Psh);
        Assert.True(SuperPacket.TryParse(whole, 1200, out var super));
        var coalescer = new TcpCoalescer(HeadRoom);
        byte[] segment = new byte[1500];
        for (int i = 0; i < super.Count; i++)
            Assert.True(coalescer.TryAdd(segment.AsSpan(0, super.Write(i, segment))));
        coalescer.Finish();
        Assert.Equal((super.Count, 1200), (coalescer.Count, coalescer.SegmentSize));
        byte[] joined = coalescer.Framed[HeadRoom..].ToArray();
        Assert.True(SuperPacket.TryFinishChecksum(joined, coalescer.TransportOffset, TcpCoalescer.ChecksumOffset));
        Assert.Equal(whole, joined);
    }

    [Fact]
    public void A_single_packet_is_as_it_came()
    {
        byte[] packet = Tcp(Source4, Target4, 700, 1, TcpFlags.Ack);
        var coalescer = new TcpCoalescer(HeadRoom);
        Assert.True(coalescer.TryAdd(packet));
        coalescer.Finish();
        Assert.Equal(packet, coalescer.Framed[HeadRoom..].ToArray());
        Assert.Equal(1, coalescer.Count);
        coalescer.Clear();
        Assert.True(coalescer.IsEmpty);
    }

    [Fact]
    public void What_is_not_the_next_of_the_flow_is_not_joined()
    {
        byte[] first = Tcp(Source4, Target4, 1000, 1000, TcpFlags.Ack);
        foreach (byte[] other in new[]
        {
            Tcp(Source4, Target4, 1000, 2001, TcpFlags.Ack),
            Tcp(Source4, Target4, 1001, 2000, TcpFlags.Ack),
            Tcp(Source4, Target4, 1000, 2000, TcpFlags.Ack | TcpFlags.Fin),
            Tcp(Source4, Target4, 1000, 2000, TcpFlags.Ack, port: 9),
            Tcp(Source4, Target4, 1000, 2000, TcpFlags.Ack, acknowledgment: 8),
            Tcp(IpAddress.Parse("192.168.1.21"), Target4, 1000, 2000, TcpFlags.Ack),
            Tcp(Source4, Target4, 0, 2000, TcpFlags.Ack),
        })
        {
            var coalescer = new TcpCoalescer(HeadRoom);
            Assert.True(coalescer.TryAdd(first));
            Assert.False(coalescer.TryAdd(other));
            Assert.Equal(1, coalescer.Count);
        }
    }

    [Fact]
    public void A_short_or_pushed_segment_is_the_last()
    {
        foreach (byte[] last in new[] { Tcp(Source4, Target4, 500, 2000, TcpFlags.Ack), Tcp(Source4, Target4, 1000, 2000, TcpFlags.Ack | TcpFlags.Psh) })
        {
            var coalescer = new TcpCoalescer(HeadRoom);
            Assert.True(coalescer.TryAdd(Tcp(Source4, Target4, 1000, 1000, TcpFlags.Ack)));
            Assert.True(coalescer.TryAdd(last));
            Assert.False(coalescer.TryAdd(Tcp(Source4, Target4, 500, (uint)(2000 + last.Length - 40), TcpFlags.Ack)));
        }
    }

    [Fact]
    public void A_packet_never_grows_past_what_its_length_can_say()
    {
        var coalescer = new TcpCoalescer(HeadRoom);
        uint sequence = 0;
        while (coalescer.TryAdd(Tcp(Source4, Target4, 1400, sequence, TcpFlags.Ack)))
            sequence += 1400;
        Assert.Equal((65_535 - 40) / 1400, coalescer.Count);
    }

    private static byte[] Tcp(IpAddress source, IpAddress target, int length, uint sequence, TcpFlags flags, ushort port = 2, uint acknowledgment = 7)
    {
        byte[] segment = new byte[TcpHeader.MinimumLength + length];
        new Random(length).NextBytes(segment.AsSpan(TcpHeader.MinimumLength));
        TcpHeader.Write(segment, 1, port, sequence, acknowledgment, flags, 1000, default);
        TcpHeader.WriteChecksum(segment, source, target);
        byte[] packet = new byte[IpHeader.LengthFor(source) + segment.Length];
        segment.CopyTo(packet, IpHeader.Write(packet, source, target, IpProtocol.Tcp, segment.Length));
        return packet;
    }
}
