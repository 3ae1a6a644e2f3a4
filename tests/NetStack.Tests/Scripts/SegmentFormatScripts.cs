using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>Checksums, options, flags and addresses of single segments: what is refused, and what must be tolerated.</summary>
[Trait("Pitfall", "P24")]
public class SegmentFormatScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P29")]
    public void A_damaged_segment_is_dropped_in_silence(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        int ip = s.Ipv6 ? 40 : 20;
        foreach (int at in new[] { ip + 4, ip + 8, ip + 14, ip + 16, ip + 20, ip + 519 })
            s.InAltered(". 1(500) ack 1", packet => packet[at] ^= 0x40);
        s.Nothing();
        s.Check(s.Stack.Counters.Dropped(DropReason.Checksum) == 6, "they are counted");
        s.In(". 1(500) ack 1");
        s.Out(". 1 ack 501");
        s.Read(500);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P29")]
    public void Odd_lengths_are_summed_right_both_ways(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = 1;
        foreach (int length in new[] { 1, 3, 5, 7, 31, 33, 63, 65, 127, 129, 511, 513, 999 })
        {
            s.In($". {seq}({length}) ack {seq}");
            s.Out($". {seq} ack {seq + length}");
            s.Read(length);
            s.Write(length);
            s.Out($". {seq}({length}) ack {seq + length}");
            seq += length;
        }

        s.In($". {seq} ack {seq}");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P29")]
    public void Bytes_behind_the_packet_are_not_part_of_it(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.InPacket([.. s.Build(". 1(3) ack 1", _ => { }), 0xAA, 0xBB, 0xCC], "three bytes and padding");
        s.Out(". 1 ack 4");
        s.Read(3);
        s.InPacket([.. s.Build(". 4 ack 1", _ => { }), 0, 0, 0, 0, 0, 0], "no byte and padding");
        s.Nothing();
        s.Check(s.Flow.ReceiveLength == 0, "padding is no data");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P29")]
    public void Both_zeros_are_good_checksums(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        int ip = s.Ipv6 ? 40 : 20;
        byte[] zero = [];
        for (int window = 0; window <= ushort.MaxValue; window++)
        {
            zero = s.Build(". 1(10) ack 1", packet => BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(ip + 14), (ushort)window));
            if (BinaryPrimitives.ReadUInt16BigEndian(zero.AsSpan(ip + 16)) == 0)
                break;
        }

        s.Check(BinaryPrimitives.ReadUInt16BigEndian(zero.AsSpan(ip + 16)) == 0, "some window makes it zero");
        byte[] ones = [.. zero];
        ones[ip + 16] = ones[ip + 17] = 0xFF;
        s.InPacket(zero, "checksum 0x0000");
        s.Out(". 1 ack 11");
        s.InPacket(ones, "checksum 0xFFFF");
        s.Out(". 1 ack 11");
        s.Check(s.Stack.Counters.Dropped(DropReason.Checksum) == 0, "both are right in ones' complement");
        s.Read(10);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P29")]
    public void A_damaged_IPv4_header_is_dropped(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        if (s.Ipv6)
            s.InAltered(". 1(10) ack 1", packet => packet[4] = 0xFF);
        else
            s.InAltered(". 1(10) ack 1", packet => packet[10] ^= 1);
        s.Nothing();
        s.Check(s.Stack.Counters.Dropped(DropReason.Malformed) == 1, "it is counted");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P30")]
    public void Urgent_data_is_data(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        int ip = s.Ipv6 ? 40 : 20;
        s.InPacket(s.Build("U. 1(100) ack 1", packet => packet[ip + 19] = 50), "urgent up to 50");
        s.Out(". 1 ack 101");
        s.Read(100);
        s.InPacket(s.Build("U. 101(10) ack 1", packet => packet[ip + 18] = 0xFF), "urgent far beyond the segment");
        s.Out(". 1 ack 111");
        s.Read(10);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P30")]
    public void Reserved_and_congestion_bits_are_tolerated(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("SEC 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In("EC. 1 ack 1");
        int ip = s.Ipv6 ? 40 : 20;
        s.In("E. 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.In("C. 101(100) ack 1");
        s.Out(". 1 ack 201");
        s.InPacket(s.Build(". 201(100) ack 1", packet => packet[ip + 12] |= 0x0F), "all reserved bits");
        s.Out(". 1 ack 301");
        s.Read(300);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P30")]
    public void A_congestion_mark_in_the_IP_header_is_tolerated(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        byte[] marked = s.Build(". 1(100) ack 1", _ => { });
        if (s.Ipv6)
        {
            marked[1] |= 0x30;
        }
        else
        {
            marked[1] = 3;
            marked[10] = marked[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(marked.AsSpan(10), Checksum.Finish(Checksum.Sum(marked.AsSpan(0, 20))));
        }

        s.InPacket(marked, "congestion experienced");
        s.Out(". 1 ack 101");
        s.Read(100);
    });

    [Theory, Variants("FE00", "FE01", "FE29", "0200", "0204", "0801", "050A0000", "FD")]
    [Trait("Pitfall", "P19")]
    public void Illegal_options_are_refused_or_skipped_and_never_read_beyond(Variant variant, string options) => Play(variant, s =>
    {
        s.Establish();
        byte[] bytes = Convert.FromHexString(options);
        s.InPacket(WithOptions(s, ". 1(50) ack 1", bytes), "options " + options);
        s.Drain();
        s.In(". 1(50) ack 1");
        s.Drain();
        s.Check(s.Flow.BytesReceived == 50, "the flow goes on");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P19")]
    public void Unknown_options_are_skipped(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.InPacket(WithOptions(s, ". 1(50) ack 1", [0xFD, 4, 0x12, 0x34, 1, 1, 0x1E, 10, 1, 2, 3, 4, 5, 6, 7, 8]), "experimental and multipath options");
        s.Out(". 1 ack 51");
        s.Read(50);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P32")]
    [Trait("Threat", "18")]
    public void A_segment_from_its_own_destination_is_not_answered(Variant variant) => Play(variant, s =>
    {
        s.Start();
        int ip = s.Ipv6 ? 40 : 20, size = s.Ipv6 ? 16 : 4, source = s.Ipv6 ? 8 : 12;
        s.InPacket(
            s.Build("S 0 <mss 1000>", packet =>
            {
                packet.AsSpan(source + size, size).CopyTo(packet.AsSpan(source));
                packet.AsSpan(ip + 2, 2).CopyTo(packet.AsSpan(ip));
            }),
            "land");
        s.Nothing();
        s.Check(s.SynsOffered == 0, "the land attack");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P32")]
    public void Our_own_packets_coming_back_start_no_storm(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(100);
        s.Out(". 1(100)");
        var key = s.Key.Reverse();
        int ip = s.Ipv6 ? 40 : 20;
        int answers = 0;
        byte[] packet = new byte[ip + 20];
        IpHeader.Write(packet, key.Source, key.Destination, IpProtocol.Tcp, 20);
        TcpHeader.Write(packet.AsSpan(ip), key.SourcePort, key.DestinationPort, s.OurIsn + 1, s.PeerIsn + 1, TcpFlags.Ack, 500, default);
        TcpHeader.WriteChecksum(packet.AsSpan(ip), key.Source, key.Destination);
        var echo = new LoopSink();
        var loop = new TcpStack(s.Options, echo, s);
        loop.Input(packet, Script.Peer, s.Now);
        loop.Flush(s.Now);
        for (; answers < 10 && echo.Last is { } last; answers++)
        {
            echo.Last = null;
            loop.Input(last, Script.Peer, s.Now);
            loop.Flush(s.Now);
        }

        s.Check(answers <= 1, "a reset is never answered");
        s.In(". 1 ack 101");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P32")]
    public void A_segment_of_another_peer_is_not_of_this_flow(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        byte[] packet = s.Build(". 1(100) ack 1", _ => { });
        s.InPacketOf(Script.Peer + 1, packet);
        s.Check(s.Flow.ReceiveLength == 0, "another peer cannot write into the stream");
        s.InPacketOf(Script.Peer + 1, s.Build("R 1", _ => { }));
        s.Check(s.Flow.TcpState == TcpState.Established, "another peer cannot reset it");
    });

    private static byte[] WithOptions(Script s, string line, byte[] options)
    {
        byte[] plain = s.Build(line, _ => { });
        int ip = s.Ipv6 ? 40 : 20;
        int padded = (options.Length + 3) & ~3;

        // What is not part of the option is padded so that an option that claims more runs out of the header.
        byte[] packet = [.. plain[..(ip + 20)], .. new byte[padded - options.Length].Select(_ => (byte)1), .. options, .. plain[(ip + 20)..]];
        IpHeader.Write(packet, s.PeerAddress, s.TargetAddress, IpProtocol.Tcp, packet.Length - ip);
        packet[ip + 12] = (byte)((20 + padded) / 4 << 4);
        TcpHeader.WriteChecksum(packet.AsSpan(ip), s.PeerAddress, s.TargetAddress);
        return packet;
    }

    private sealed class LoopSink : IPacketSink
    {
        private readonly byte[] _packet = new byte[2_048];

        public byte[]? Last { get; set; }

        public Span<byte> Rent(int peer, int length) => _packet.AsSpan(0, length);

        public void Commit(int peer, int length) => Last = _packet[..length];

        public bool CanSend(int peer) => true;
    }
}
