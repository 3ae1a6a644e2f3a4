using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class MssClampTests
{
    [Theory]
    [InlineData(1460, 1280, 1240, 1220)]
    [InlineData(65495, 1280, 1240, 1220)]
    [InlineData(1241, 1280, 1240, 1220)]
    [InlineData(1200, 1280, 1200, 1200)]
    [InlineData(536, 1420, 536, 536)]
    public void A_SYN_asks_for_no_more_than_fits(int mss, int mtu, int expected4, int expected6)
    {
        foreach (var flags in new[] { TcpFlags.Syn, TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Syn | TcpFlags.Ece | TcpFlags.Cwr })
        {
            Assert.Equal(expected4, Clamped(Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, flags, new TcpOptions { MaximumSegmentSize = (ushort)mss }, 0), mtu, mss != expected4));
            Assert.Equal(expected6, Clamped(Sample.Tcp(Sample.A6, Sample.B6, 1000, 80, flags, new TcpOptions { MaximumSegmentSize = (ushort)mss }, 0), mtu, mss != expected6));
        }
    }

    [Fact]
    public void A_SYN_is_told_from_the_rest()
    {
        Assert.True(MssClamp.IsSyn(Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Syn, default, 0)));
        Assert.True(MssClamp.IsSyn(Sample.Tcp(Sample.A6, Sample.B6, 1000, 80, TcpFlags.Syn | TcpFlags.Ack, default, 10)));
        Assert.False(MssClamp.IsSyn(Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Ack, default, 10)));
        Assert.False(MssClamp.IsSyn(Sample.Udp(Sample.A4, Sample.B4, 1000, 80, 60)));
        Assert.False(MssClamp.IsSyn([]));
        Assert.False(MssClamp.IsSyn(new byte[60]));
    }

    [Fact]
    public void What_is_no_SYN_stays_as_it_is()
    {
        var options = new TcpOptions { MaximumSegmentSize = 1460 };
        Unchanged(Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Ack, options, 10));
        Unchanged(Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Syn, default, 0));
        Unchanged(Sample.Udp(Sample.A4, Sample.B4, 1000, 80, 60));
        byte[] fragment = Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Syn, options, 0);
        fragment[6] = 0x20;
        Unchanged(fragment);
        Unchanged([]);
        Unchanged(new byte[60]);
    }

    [Fact]
    public void The_option_is_found_at_any_offset_and_the_checksum_stays_right()
    {
        for (int before = 0; before <= 9; before++)
        {
            byte[] options = [.. Enumerable.Repeat((byte)1, before), 2, 4, 5, 0xB4, 1, 1, 1];
            byte[] segment = new byte[20 + (options.Length / 4 * 4)];
            options.AsSpan(0, segment.Length - 20).CopyTo(segment.AsSpan(20));
            segment[12] = (byte)(segment.Length / 4 << 4);
            segment[13] = (byte)TcpFlags.Syn;
            TcpHeader.WriteChecksum(segment, Sample.A4, Sample.B4);
            Assert.Equal(1240, Clamped(Sample.Packet(Sample.A4, Sample.B4, IpProtocol.Tcp, segment), 1280, true));
        }
    }

    [Fact]
    public void Mutated_packets_are_survived_and_a_right_checksum_stays_right()
    {
        byte[] syn = Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Syn, new TcpOptions { MaximumSegmentSize = 1460, WindowScale = 7 }, 4);
        int changed = 0;
        Prop.ForAll(Gen.Choose(20, syn.Length - 1).SelectMany(at => Gen.Choose(0, 255).SelectMany(value => Gen.Choose(0, syn.Length).Select(length => (at, value, length)))).ToArbitrary(), mutation =>
        {
            byte[] packet = [.. syn];
            packet[mutation.at] = (byte)mutation.value;
            TcpHeader.WriteChecksum(packet.AsSpan(20), Sample.A4, Sample.B4);
            MssClamp.TryApply(packet.AsSpan(0, mutation.length), 1280);
            if (!MssClamp.TryApply(packet, 1280))
                return true;
            changed++;
            return TcpView.TryParse(packet.AsSpan(20), out var tcp) && tcp.IsChecksumValid(Sample.A4, Sample.B4);
        }).Check(Seeded.Runs(5000));
        Assert.True(changed > 100);
    }

    private static int Clamped(byte[] packet, int mtu, bool changes)
    {
        Assert.Equal(changes, MssClamp.TryApply(packet, mtu));
        Assert.False(MssClamp.TryApply(packet, mtu));
        Assert.True(IpView.TryParse(packet, out var ip));
        Assert.True(TcpView.TryParse(packet.AsSpan(ip.HeaderLength), out var tcp));
        Assert.True(tcp.IsChecksumValid(ip.Source, ip.Destination));
        Assert.True(tcp.TryGetOptions(out var options));
        return options.MaximumSegmentSize!.Value;
    }

    private static void Unchanged(byte[] packet)
    {
        byte[] before = [.. packet];
        Assert.False(MssClamp.TryApply(packet, 1280));
        Assert.Equal(before, packet);
    }
}
