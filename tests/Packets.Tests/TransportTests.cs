using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class TransportTests
{
    private static readonly (IpAddress Source, IpAddress Destination)[] Families = [(Sample.A4, Sample.B4), (Sample.A6, Sample.B6)];

    [Fact]
    public void Udp_fields_stand_where_RFC_768_puts_them()
    {
        byte[] datagram = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3];
        UdpHeader.Write(datagram, Sample.A4, 0x1234, Sample.B4, 0x5678);
        Assert.Equal([0x12, 0x34, 0x56, 0x78, 0, 11], datagram[..6]);
        Assert.True(UdpView.TryParse([.. datagram, 9, 9], out var view));
        Assert.Equal(0x1234, view.SourcePort);
        Assert.Equal(0x5678, view.DestinationPort);
        Assert.Equal(11, view.Length);
        Assert.Equal(datagram[6] << 8 | datagram[7], view.Checksum);
        Assert.Equal([1, 2, 3], view.Payload.ToArray());
    }

    [Fact]
    public void Udp_is_refused_when_cut_at_any_length_or_when_its_length_is_below_eight()
    {
        byte[] datagram = new byte[20];
        UdpHeader.Write(datagram, Sample.A4, 1, Sample.B4, 2);
        for (int length = 0; length < datagram.Length; length++)
            Assert.False(UdpView.TryParse(datagram.AsSpan(0, length), out _));
        for (byte claimed = 0; claimed < 8; claimed++)
        {
            datagram[5] = claimed;
            Assert.False(UdpView.TryParse(datagram, out _));
        }
    }

    [Fact]
    [Trait("Pitfall", "P29")]
    public void Udp_checksum_zero_is_none_in_IPv4_and_wrong_in_IPv6_and_never_sent()
    {
        byte[] datagram = new byte[8];
        UdpHeader.Write(datagram, Sample.A4, 1, Sample.B4, 2);
        datagram[6] = datagram[7] = 0;
        Assert.True(UdpView.TryParse(datagram, out var view));
        Assert.True(view.IsChecksumValid(Sample.A4, Sample.B4));
        Assert.False(view.IsChecksumValid(Sample.A6, Sample.B6));

        // The source port that makes the sum all ones, so that its complement is zero.
        UdpHeader.Write(datagram, Sample.A4, 0, Sample.B4, 2);
        ushort port = (ushort)(datagram[6] << 8 | datagram[7]);
        UdpHeader.Write(datagram, Sample.A4, port, Sample.B4, 2);
        Assert.Equal([0xFF, 0xFF], datagram[6..8]);
        Assert.True(UdpView.TryParse(datagram, out view));
        Assert.True(view.IsChecksumValid(Sample.A4, Sample.B4));
    }

    [Fact]
    public void Udp_checksums_agree_with_the_naive_sum_and_any_flipped_bit_is_seen()
    {
        foreach (var (source, destination) in Families)
        {
            for (int length = 0; length < 100; length++)
            {
                byte[] packet = Sample.Udp(source, destination, 7, 9, length);
                Assert.True(IpView.TryParse(packet, out var ip));
                Assert.True(UdpView.TryParse(ip.Payload, out var view));
                Assert.True(view.IsChecksumValid(source, destination));
                Assert.Equal(0xFFFF, Naive.Fold([.. Naive.PseudoHeader(source, destination, 17, view.Length), .. view.Datagram]));
                byte[] flipped = view.Datagram.ToArray();
                flipped[length % flipped.Length] ^= 0x10;
                if (UdpView.TryParse(flipped, out var bad))
                    Assert.False(bad.IsChecksumValid(source, destination));
            }
        }
    }

    [Fact]
    public void Tcp_fields_stand_where_RFC_9293_puts_them()
    {
        byte[] segment = new byte[23];
        Assert.Equal(20, TcpHeader.Write(segment, 0x1234, 0x5678, 0x01020304, 0x05060708, TcpFlags.Syn | TcpFlags.Cwr, 0x9ABC, default));
        Assert.Equal([0x12, 0x34, 0x56, 0x78, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x82, 0x9A, 0xBC, 0, 0, 0, 0], segment[..20]);
        segment[18] = 0xAB;
        segment[19] = 0xCD;
        Assert.True(TcpView.TryParse(segment, out var view));
        Assert.Equal(0x1234, view.SourcePort);
        Assert.Equal(0x5678, view.DestinationPort);
        Assert.Equal(0x01020304u, view.SequenceNumber);
        Assert.Equal(0x05060708u, view.AcknowledgmentNumber);
        Assert.Equal(20, view.HeaderLength);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Cwr, view.Flags);
        Assert.Equal(0x9ABC, view.Window);
        Assert.Equal(0xABCD, view.UrgentPointer);
        Assert.Equal(3, view.Payload.Length);
        Assert.True(view.Options.IsEmpty);
    }

    [Fact]
    public void Tcp_is_refused_when_its_header_is_cut_or_its_offset_is_wrong()
    {
        byte[] segment = new byte[40];
        TcpHeader.Write(segment, 1, 2, 3, 4, TcpFlags.Syn, 5, new TcpOptions { MaximumSegmentSize = 1460, HasTimestamps = true, SackPermitted = true, WindowScale = 7 });
        Assert.Equal(0xA0, segment[12]);
        for (int length = 0; length < segment.Length; length++)
            Assert.False(TcpView.TryParse(segment.AsSpan(0, length), out _));
        for (int offset = 0; offset < 5; offset++)
        {
            segment[12] = (byte)(offset << 4);
            Assert.False(TcpView.TryParse(segment, out _));
        }
    }

    [Fact]
    public void Tcp_checksums_agree_with_the_naive_sum()
    {
        foreach (var (source, destination) in Families)
        {
            for (int length = 0; length < 100; length++)
            {
                byte[] packet = Sample.Tcp(source, destination, 7, 9, TcpFlags.Ack, new TcpOptions { HasTimestamps = true }, length);
                Assert.True(IpView.TryParse(packet, out var ip));
                Assert.True(TcpView.TryParse(ip.Payload, out var view));
                Assert.True(view.IsChecksumValid(source, destination));
                Assert.Equal(0xFFFF, Naive.Fold([.. Naive.PseudoHeader(source, destination, 6, view.Segment.Length), .. view.Segment]));
                byte[] flipped = view.Segment.ToArray();
                flipped[^1] ^= 1;
                Assert.True(TcpView.TryParse(flipped, out var bad));
                Assert.False(bad.IsChecksumValid(source, destination));
            }
        }
    }

    /// <summary>As a Linux client sends them.</summary>
    [Fact]
    public void The_options_of_a_SYN_are_read_and_written_as_Linux_does()
    {
        byte[] bytes = [2, 4, 0x04, 0xD8, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7];
        Assert.True(TcpOptions.TryParse(bytes, out var options));
        Assert.Equal((ushort?)1240, options.MaximumSegmentSize);
        Assert.Equal((byte?)7, options.WindowScale);
        Assert.True(options.SackPermitted);
        Assert.True(options.HasTimestamps);
        Assert.Equal(0x01020304u, options.TimestampValue);
        Assert.Equal(0x05060708u, options.TimestampEchoReply);
        byte[] written = new byte[20];
        Assert.Equal(20, options.Write(written));
        Assert.Equal(bytes, written);
    }

    [Fact]
    [Trait("Pitfall", "P18")]
    public void Sack_blocks_are_three_beside_timestamps_and_four_without()
    {
        var with = new TcpOptions { HasTimestamps = true };
        var without = default(TcpOptions);
        for (uint i = 0; i < 5; i++)
        {
            Assert.Equal(i < 3, with.TryAddSackBlock(new SackBlock(i, i + 1)));
            Assert.Equal(i < 4, without.TryAddSackBlock(new SackBlock(i, i + 1)));
        }

        Assert.Equal(40, with.Length);
        byte[] written = new byte[40];
        Assert.Equal(36, without.Write(written));
        Assert.Equal([1, 1, 5, 34, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], written[..16]);
        Assert.True(TcpOptions.TryParse(written, out var read));
        Assert.Equal(4, read.SackBlockCount);
        Assert.Equal(new SackBlock(3, 4), read.GetSackBlock(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => read.GetSackBlock(4));
    }

    [Fact]
    [Trait("Pitfall", "P19")]
    public void Options_of_an_illegal_length_fail_and_known_ones_of_a_wrong_length_are_skipped()
    {
        Assert.False(TcpOptions.TryParse([2], out _));
        Assert.False(TcpOptions.TryParse([2, 0, 0, 0], out _));
        Assert.False(TcpOptions.TryParse([2, 1, 0, 0], out _));
        Assert.False(TcpOptions.TryParse([2, 5, 0, 0], out _));
        Assert.True(TcpOptions.TryParse([2, 3, 9, 3, 4, 7, 7, 5, 9, 0, 0, 0, 0, 0, 0, 0, 4, 3, 1], out var wrong));
        Assert.True(wrong is { MaximumSegmentSize: null, WindowScale: null, SackPermitted: false, SackBlockCount: 0 });
        Assert.True(TcpOptions.TryParse([0, 2, 5, 0], out _));
        Assert.True(TcpOptions.TryParse([254, 4, 1, 2, 4, 2], out var unknown));
        Assert.True(unknown.SackPermitted);
    }

    [Fact]
    public void Options_that_are_written_are_read_again()
    {
        var generator = Gen.Choose(0, 63).SelectMany(bits => Gen.Choose(0, 4).SelectMany(blocks => Gen.Choose(0, int.MaxValue).Select(value => (bits, blocks, value))));
        Prop.ForAll(generator.ToArbitrary(), input =>
        {
            var (bits, blocks, value) = input;
            var options = new TcpOptions
            {
                MaximumSegmentSize = (bits & 1) != 0 ? (ushort)value : null,
                WindowScale = (bits & 2) != 0 ? (byte)(value >> 8) : null,
                SackPermitted = (bits & 4) != 0,
                HasTimestamps = (bits & 8) != 0,
                TimestampValue = (bits & 8) != 0 ? (uint)value : 0,
                TimestampEchoReply = (bits & 8) != 0 ? ~(uint)value : 0,
            };
            for (uint i = 0; i < blocks && options.Length + (i == 0 ? 12 : 8) <= 40; i++)
                options.TryAddSackBlock(new SackBlock((uint)value + i, (uint)value * i));
            byte[] written = new byte[44];
            written.AsSpan().Fill(0xEE);
            int length = options.Write(written);
            return length == options.Length
                && length % 4 == 0
                && written.AsSpan(length).IndexOfAnyExcept((byte)0xEE) < 0
                && TcpOptions.TryParse(written.AsSpan(0, length), out var read)
                && read.Equals(options);
        }).Check(Seeded.Runs(2000));
    }

    [Fact]
    public void Option_bytes_of_any_kind_are_judged_as_the_naive_twin_judges_them()
    {
        var bytes = Gen.ArrayOf(Gen.Elements<byte>(0, 1, 2, 3, 4, 5, 8, 10, 18, 34, 254)).Where(a => a.Length <= 40);
        Prop.ForAll(bytes.ToArbitrary(), input => TcpOptions.TryParse(input, out var options) == NaiveTcpOptions.TryParse(input, out var twin)
            && (twin is null || (options.MaximumSegmentSize == twin.Mss && options.WindowScale == twin.Shift && options.SackPermitted == twin.SackPermitted
                && options.HasTimestamps == twin.Timestamps.HasValue && options.SackBlockCount == twin.Blocks.Count))).Check(Seeded.Runs(5000));
    }
}
