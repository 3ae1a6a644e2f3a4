using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class IpViewTests
{
    private static readonly byte[][] Seeds =
    [
        Sample.Udp(Sample.A4, Sample.B4, 1000, 53, 30),
        Sample.Udp(Sample.A6, Sample.B6, 1000, 53, 30),
        Sample.Tcp(Sample.A4, Sample.B4, 1000, 80, TcpFlags.Syn, new TcpOptions { MaximumSegmentSize = 1240 }, 0),
        Sample.Echo(Sample.A6, Sample.B6, 7, 1, 24),
        Sample.WithExtensions(17, new byte[16], (0, new byte[8]), (60, new byte[8]), (43, new byte[8]), (51, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Sample.WithExtensions(17, new byte[24], (44, [0, 0, 0, 1, 1, 2, 3, 4])),
        Sample.WithExtensions(6, new byte[24], (0, new byte[8]), (44, [0, 0, 0, 0, 1, 2, 3, 4]), (60, [0, 1, .. new byte[14]])),
        WithOptions([1, 1, 7, 4, 0, 0, 0, 0]),
    ];

    [Fact]
    public void Ipv4_fields_stand_where_RFC_791_puts_them()
    {
        byte[] packet = new byte[25];
        Ipv4Header.Write(packet, Sample.A4, Sample.B4, 17, 25, timeToLive: 63, trafficClass: 0xB8, identification: 0xBEEF, dontFragment: false, moreFragments: false, fragmentOffset: 0x1FF8);
        Assert.Equal([0x45, 0xB8, 0, 25, 0xBE, 0xEF, 0x03, 0xFF, 63, 17], packet[..10]);
        Assert.Equal([100, 64, 0, 2, 192, 168, 1, 20], packet[12..20]);
        Assert.Equal(0xFFFF, Naive.Fold(packet.AsSpan(0, 20)));
        Assert.True(Ipv4View.TryParse(packet, out var view));
        Assert.Equal(20, view.HeaderLength);
        Assert.Equal(0xB8, view.TrafficClass);
        Assert.Equal(25, view.TotalLength);
        Assert.Equal(0xBEEF, view.Identification);
        Assert.False(view.DontFragment);
        Assert.False(view.MoreFragments);
        Assert.Equal(0x1FF8, view.FragmentOffset);
        Assert.Equal(63, view.TimeToLive);
        Assert.Equal(17, view.Protocol);
        Assert.True(view.IsHeaderChecksumValid);
        Assert.Equal(Sample.A4, view.Source);
        Assert.Equal(Sample.B4, view.Destination);
        Assert.Equal(5, view.Payload.Length);
    }

    [Fact]
    public void Ipv6_fields_stand_where_RFC_8200_puts_them()
    {
        byte[] packet = new byte[43];
        Ipv6Header.Write(packet, Sample.A6, Sample.B6, 59, 3, hopLimit: 62, trafficClass: 0xB8, flowLabel: 0xABCDE);
        Assert.Equal([0x6B, 0x8A, 0xBC, 0xDE, 0, 3, 59, 62], packet[..8]);
        Assert.True(Ipv6View.TryParse(packet, out var view));
        Assert.Equal(0xB8, view.TrafficClass);
        Assert.Equal(0xABCDEu, view.FlowLabel);
        Assert.Equal(3, view.PayloadLength);
        Assert.Equal(43, view.TotalLength);
        Assert.Equal(59, view.NextHeader);
        Assert.Equal(62, view.HopLimit);
        Assert.Equal(Sample.A6, view.Source);
        Assert.Equal(Sample.B6, view.Destination);
        Assert.Equal(3, view.Payload.Length);
    }

    [Fact]
    public void Padding_behind_the_packet_is_cut_off()
    {
        foreach (byte[] seed in Seeds)
        {
            byte[] padded = [.. seed, 1, 2, 3];
            Assert.True(IpView.TryParse(padded, out var view));
            Assert.Equal(seed.Length, view.TotalLength);
            Assert.Equal(seed.Length - view.HeaderLength, view.Payload.Length);
        }
    }

    [Fact]
    public void A_packet_cut_at_any_length_is_refused()
    {
        foreach (byte[] seed in Seeds)
        {
            for (int length = 0; length < seed.Length; length++)
                Assert.False(IpView.TryParse(seed.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void A_chain_of_extension_headers_is_walked_to_the_transport_header()
    {
        Assert.True(IpView.TryParse(Seeds[4], out var view));
        Assert.Equal(IpProtocol.Udp, view.Protocol);
        Assert.Equal(40 + 8 + 8 + 8 + 12, view.HeaderLength);
    }

    [Fact]
    [Trait("Threat", "18")]
    public void A_chain_longer_than_eight_headers_is_refused()
    {
        static (byte, byte[])[] Headers(int count) => [.. Enumerable.Repeat(((byte)60, new byte[8]), count)];
        Assert.True(IpView.TryParse(Sample.WithExtensions(17, new byte[8], Headers(8)), out _));
        Assert.False(IpView.TryParse(Sample.WithExtensions(17, new byte[8], Headers(9)), out _));
    }

    [Fact]
    public void A_fragment_stops_the_walk_and_an_atomic_one_does_not()
    {
        Assert.True(IpView.TryParse(Seeds[5], out var fragment));
        Assert.True(fragment is { IsFragment: true, MoreFragments: true, FragmentOffset: 0, Identification: 0x01020304, HeaderLength: 48 });
        Assert.True(IpView.TryParse(Seeds[6], out var atomic));
        Assert.True(atomic is { IsFragment: false, Protocol: 6, Identification: 0x01020304, HeaderLength: 72 });
    }

    [Theory]
    [Trait("Threat", "12")]
    [InlineData("0.0.0.0", "10.0.0.1")]
    [InlineData("0.1.2.3", "10.0.0.1")]
    [InlineData("127.0.0.1", "10.0.0.1")]
    [InlineData("224.0.0.1", "10.0.0.1")]
    [InlineData("240.0.0.1", "10.0.0.1")]
    [InlineData("255.255.255.255", "10.0.0.1")]
    [InlineData("10.0.0.1", "0.0.0.0")]
    [InlineData("10.0.0.1", "127.0.0.1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("::", "fd00::1")]
    [InlineData("::1", "fd00::1")]
    [InlineData("::10.0.0.1", "fd00::1")]
    [InlineData("ff02::1", "fd00::1")]
    [InlineData("fd00::1", "::")]
    [InlineData("fd00::1", "::1")]
    [InlineData("fd00::1", "fd00::1")]
    public void Addresses_that_are_never_legal_are_refused(string source, string destination) =>
        Assert.False(IpView.TryParse(Sample.Udp(IpAddress.Parse(source), IpAddress.Parse(destination), 1, 2, 0), out _));

    [Fact]
    [Trait("Threat", "12")]
    public void Mapped_addresses_are_refused()
    {
        byte[] packet = Sample.Udp(Sample.A6, Sample.B6, 1, 2, 0);
        byte[] mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1];
        byte[] fromMapped = [.. packet];
        mapped.CopyTo(fromMapped, 8);
        Assert.False(IpView.TryParse(fromMapped, out _));
        byte[] toMapped = [.. packet];
        mapped.CopyTo(toMapped, 24);
        Assert.False(IpView.TryParse(toMapped, out _));
    }

    [Fact]
    [Trait("Threat", "18")]
    public void Source_routes_and_broken_options_are_refused()
    {
        Assert.True(IpView.TryParse(WithOptions([148, 4, 0, 0]), out _));
        Assert.True(IpView.TryParse(WithOptions([0, 0xFF, 0xFF, 0xFF]), out _));
        Assert.False(IpView.TryParse(WithOptions([131, 3, 4, 0]), out _));
        Assert.False(IpView.TryParse(WithOptions([1, 137, 3, 4]), out _));
        Assert.False(IpView.TryParse(WithOptions([7, 5, 0, 0]), out _));
        Assert.False(IpView.TryParse(WithOptions([7, 1, 0, 0]), out _));
        Assert.False(IpView.TryParse(WithOptions([1, 1, 1, 7]), out _));
        Assert.False(IpView.TryParse(Sample.WithExtensions(17, new byte[8], (43, [0, 0, 0, 1, 0, 0, 0, 0])), out _));
    }

    [Fact]
    [Trait("Threat", "18")]
    public void Fragments_that_are_empty_or_end_too_far_are_refused()
    {
        Assert.True(IpView.TryParse(Fragment4(65528, more: false, 7), out _));
        Assert.False(IpView.TryParse(Fragment4(65528, more: false, 8), out _));
        Assert.False(IpView.TryParse(Fragment4(8, more: false, 0), out _));
        Assert.True(IpView.TryParse(Fragment4(8, more: true, 16), out _));
        Assert.False(IpView.TryParse(Fragment4(8, more: true, 15), out _));
    }

    [Fact]
    public void Mutated_packets_are_judged_as_the_naive_twin_judges_them()
    {
        var mutation = Gen.Choose(0, 79).SelectMany(at => Gen.Elements(0, 1, 2, 5, 6, 17, 43, 44, 51, 60, 64, 127, 128, 255, -1).SelectMany(
            set => Gen.Choose(0, 255).Select(any => (At: at, Value: (byte)(set < 0 ? any : set)))));
        var generator = Gen.Elements(Seeds).SelectMany(seed => Gen.ListOf(mutation, 4).SelectMany(
            mutations => Gen.Elements(true, true, true, false).Select(repair => (Seed: seed, Mutations: mutations, Repair: repair))));
        int accepted = 0, refused = 0;
        Prop.ForAll(generator.ToArbitrary(), input =>
        {
            byte[] packet = [.. input.Seed];
            foreach (var (at, value) in input.Mutations)
                packet[at % packet.Length] = value;
            int header = (packet[0] & 15) * 4;
            if (input.Repair && packet[0] >> 4 == 4 && header >= 20 && header <= packet.Length)
            {
                packet[10] = packet[11] = 0;
                ushort checksum = (ushort)~Naive.Fold(packet.AsSpan(0, header));
                packet[10] = (byte)(checksum >> 8);
                packet[11] = (byte)checksum;
            }

            bool agrees = Agrees(packet, out bool taken);
            _ = taken ? accepted++ : refused++;
            return agrees;
        }).Check(Seeded.Runs(20_000));
        Assert.True(accepted > 1000 && refused > 1000, $"{accepted} accepted, {refused} refused: the generator does not exercise both.");
    }

    private static bool Agrees(byte[] packet, out bool accepted)
    {
        var twin = Naive.Parse(packet);
        accepted = IpView.TryParse(packet, out var view);
        if (!accepted || twin is null)
            return accepted == twin is not null;
        return view.Version == twin.Version
            && view.TotalLength == twin.TotalLength
            && view.HeaderLength == twin.HeaderLength
            && view.Protocol == twin.Protocol
            && view.FragmentOffset == twin.FragmentOffset
            && view.MoreFragments == twin.MoreFragments
            && view.IsFragment == (twin.MoreFragments || twin.FragmentOffset != 0)
            && view.Identification == twin.Identification
            && view.HopLimit == twin.HopLimit
            && view.TrafficClass == twin.TrafficClass
            && view.Source == IpAddress.FromBytes(twin.Source)
            && view.Destination == IpAddress.FromBytes(twin.Destination)
            && view.Payload.SequenceEqual(packet.AsSpan(twin.HeaderLength, twin.TotalLength - twin.HeaderLength));
    }

    private static byte[] WithOptions(byte[] options)
    {
        byte[] packet = new byte[20 + options.Length + 8];
        Ipv4Header.Write(packet, Sample.A4, Sample.B4, 17, packet.Length);
        options.CopyTo(packet, 20);
        packet[0] = (byte)(0x40 | (5 + (options.Length / 4)));
        packet[10] = packet[11] = 0;
        ushort checksum = (ushort)~Naive.Fold(packet.AsSpan(0, 20 + options.Length));
        packet[10] = (byte)(checksum >> 8);
        packet[11] = (byte)checksum;
        return packet;
    }

    private static byte[] Fragment4(int offset, bool more, int length)
    {
        byte[] packet = new byte[20 + length];
        Ipv4Header.Write(packet, Sample.A4, Sample.B4, 17, packet.Length, dontFragment: false, moreFragments: more, fragmentOffset: offset);
        return packet;
    }
}
