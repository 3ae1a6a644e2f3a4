namespace Keyhole.Packets.Tests;

public sealed class IcmpTests
{
    private static readonly (IpAddress Source, IpAddress Destination)[] Families = [(Sample.A4, Sample.B4), (Sample.A6, Sample.B6)];

    [Fact]
    public void Echo_fields_stand_where_the_RFCs_put_them()
    {
        byte[] message = [0, 0, 0, 0, 0, 0, 0, 0, 0xAA];
        IcmpMessage.WriteEchoRequest(message, Sample.A4, Sample.B4, 0x1234, 0x5678);
        Assert.Equal([8, 0], message[..2]);
        Assert.Equal([0x12, 0x34, 0x56, 0x78, 0xAA], message[4..]);
        Assert.True(IcmpView.TryParse(message, out var four));
        Assert.True(four is { IsEchoRequest: true, IsEchoReply: false, IsError: false, Identifier: 0x1234, SequenceNumber: 0x5678, IsChecksumValid: true });
        Assert.Equal(0xFFFF, Naive.Fold(message));
        IcmpMessage.WriteEchoReply(message, Sample.A6, Sample.B6, 0x1234, 0x5678);
        Assert.Equal([129, 0], message[..2]);
        Assert.True(Icmpv6View.TryParse(message, out var six));
        Assert.True(six is { IsEchoRequest: false, IsEchoReply: true, IsError: false, Identifier: 0x1234, SequenceNumber: 0x5678 });
        Assert.True(six.IsChecksumValid(Sample.A6, Sample.B6));
        Assert.False(six.IsChecksumValid(Sample.A6, Sample.A6));
        Assert.Equal([0xAA], six.Payload.ToArray());
    }

    [Fact]
    public void Messages_below_eight_bytes_are_refused()
    {
        for (int length = 0; length < 8; length++)
        {
            Assert.False(IcmpView.TryParse(new byte[length], out _));
            Assert.False(Icmpv6View.TryParse(new byte[length], out _));
        }
    }

    [Fact]
    public void Every_kind_of_error_is_written_and_read_again_for_both_families()
    {
        foreach (var (source, destination) in Families)
        {
            foreach (var kind in Enum.GetValues<IcmpErrorKind>())
            {
                if (kind == IcmpErrorKind.Other)
                    continue;
                foreach (int length in new[] { 0, 4, 100, 1200 })
                    WrittenAndReadAgain(Sample.Udp(source, destination, 1000, 2000, length), kind);
            }
        }
    }

    [Fact]
    public void An_error_quotes_the_packet_from_its_first_byte()
    {
        byte[] packet = Sample.Udp(Sample.A4, Sample.B4, 1000, 2000, 8);
        byte[] error = new byte[IcmpError.MaximumLength];
        Assert.True(IpView.TryParse(packet, out var offending));
        Assert.True(IcmpError.TryWrite(error, offending, Sample.B4, IcmpErrorKind.AdministrativelyProhibited, 0, out int length));
        Assert.Equal([3, 13], error[20..22]);
        Assert.Equal(packet, error[28..length]);
        Assert.True(IcmpError.TryWrite(error, offending, Sample.B4, IcmpErrorKind.PacketTooBig, 1280, out _));
        Assert.Equal([3, 4], error[20..22]);
        Assert.Equal([0, 0, 5, 0], error[24..28]);
    }

    [Fact]
    [Trait("Threat", "12")]
    public void No_error_answers_an_error_a_later_fragment_or_a_group()
    {
        foreach (var (source, destination) in Families)
        {
            Assert.True(IpView.TryParse(Sample.Udp(source, destination, 1, 2, 10), out var offending));
            byte[] error = new byte[IcmpError.MaximumLength];
            Assert.True(IcmpError.TryWrite(error, offending, destination, IcmpErrorKind.HostUnreachable, 0, out int length));
            Refused(error[..length]);
        }

        byte[] fragment = new byte[28];
        Ipv4Header.Write(fragment, Sample.A4, Sample.B4, 17, 28, dontFragment: false, fragmentOffset: 8);
        Refused(fragment);
        Refused(Sample.WithExtensions(17, new byte[8], (44, [0, 0, 0, 8, 0, 0, 0, 1])));
        Refused(Sample.Udp(Sample.A4, IpAddress.Parse("224.0.0.251"), 1, 2, 0));
        Refused(Sample.Udp(Sample.A4, IpAddress.Parse("255.255.255.255"), 1, 2, 0));
        Refused(Sample.Udp(Sample.A6, IpAddress.Parse("ff02::fb"), 1, 2, 0));
        Refused(Sample.Packet(Sample.A4, Sample.B4, IpProtocol.Icmp, [8, 0, 0]));
    }

    [Fact]
    [Trait("Threat", "18")]
    public void An_error_that_quotes_too_little_or_is_damaged_is_no_error()
    {
        foreach (var (source, destination) in Families)
        {
            Assert.True(IpView.TryParse(Sample.Udp(source, destination, 1, 2, 100), out var offending));
            byte[] error = new byte[IcmpError.MaximumLength];
            IcmpError.TryWrite(error, offending, destination, IcmpErrorKind.PortUnreachable, 0, out int length);
            int header = IpHeader.LengthFor(source);
            int least = header + 8 + header + 8;
            for (int cut = header; cut <= length; cut++)
            {
                byte[] message = error[header..cut];
                if (message.Length >= 8)
                    IcmpMessage.Write(message, destination, source, message[0], message[1], 0);
                Assert.True(IpView.TryParse(Sample.Packet(destination, source, source.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, message), out var packet));
                Assert.Equal(cut >= least, IcmpErrorView.TryParse(packet, out _));
            }

            error[length - 1] ^= 1;
            Assert.True(IpView.TryParse(error.AsSpan(0, length), out var damaged));
            Assert.False(IcmpErrorView.TryParse(damaged, out _));
        }
    }

    [Fact]
    public void The_quoted_segment_gives_its_sequence_number()
    {
        Assert.True(IpView.TryParse(Sample.Tcp(Sample.A4, Sample.B4, 1, 2, TcpFlags.Ack, default, 50), out var offending));
        byte[] error = new byte[IcmpError.MaximumLength];
        IcmpError.TryWrite(error, offending, Sample.B4, IcmpErrorKind.PacketTooBig, 1280, out int length);
        Assert.True(IpView.TryParse(error.AsSpan(0, length), out var packet));
        Assert.True(IcmpErrorView.TryParse(packet, out var view));
        Assert.Equal(0x01020304u, view.TcpSequenceNumber);
        Assert.Equal(1280, view.Mtu);
    }

    private static void WrittenAndReadAgain(byte[] bytes, IcmpErrorKind kind)
    {
        Assert.True(IpView.TryParse(bytes, out var offending));
        byte[] error = new byte[IcmpError.MaximumLength + 4];
        Assert.True(IcmpError.TryWrite(error, offending, offending.Destination, kind, 1280, out int length));
        Assert.True(length <= IcmpError.MaximumLength && error.AsSpan(length).IndexOfAnyExcept((byte)0) < 0);
        Assert.True(IpView.TryParse(error.AsSpan(0, length), out var packet));
        Assert.Equal(offending.Source, packet.Destination);
        Assert.True(IcmpErrorView.TryParse(packet, out var view));
        Assert.Equal(kind, view.Kind);
        Assert.Equal(kind == IcmpErrorKind.PacketTooBig ? 1280 : 0, view.Mtu);
        Assert.True(offending.TryGetFlow(out var flow));
        Assert.Equal(flow, view.Flow);
        Assert.False(packet.TryGetFlow(out _));
    }

    private static void Refused(byte[] bytes)
    {
        Assert.True(IpView.TryParse(bytes, out var offending));
        byte[] error = new byte[IcmpError.MaximumLength];
        Assert.False(IcmpError.TryWrite(error, offending, offending.Source, IcmpErrorKind.HostUnreachable, 0, out int length));
        Assert.Equal(0, length);
        Assert.True(error.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }
}
