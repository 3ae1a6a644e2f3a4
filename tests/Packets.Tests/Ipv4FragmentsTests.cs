namespace Keyhole.Packets.Tests;

public class Ipv4FragmentsTests
{
    private static readonly IpAddress s_source = IpAddress.Parse("192.0.2.1");
    private static readonly IpAddress s_destination = IpAddress.Parse("198.51.100.2");

    [Theory]
    [InlineData(1281, 1280, 2)]
    [InlineData(1420, 1280, 2)]
    [InlineData(9000, 1280, 8)]
    [InlineData(65535, 1280, 53)]
    [InlineData(1420, 68, 30)]
    public void Fragments_carry_the_packet_and_fit(int length, int mtu, int count)
    {
        byte[] packet = Sample(length);
        Assert.True(Ipv4Fragments.TryParse(packet, mtu, out var fragments));
        Assert.Equal(count, fragments.Count);
        Assert.Equal(packet[20..], Joined(fragments, mtu, from: 0, endsHere: true));
    }

    [Fact]
    public void A_fragment_is_cut_again_and_keeps_its_place()
    {
        byte[] packet = Sample(1420, offset: 2800, more: true);
        Assert.True(Ipv4Fragments.TryParse(packet, 1280, out var fragments));
        Assert.Equal(packet[20..], Joined(fragments, 1280, from: 2800, endsHere: false));
    }

    [Fact]
    public void What_may_not_be_cut_or_fits_is_left_alone()
    {
        Assert.False(Ipv4Fragments.TryParse(Sample(1420, dontFragment: true), 1280, out _));
        Assert.False(Ipv4Fragments.TryParse(Sample(1280), 1280, out _));
        Assert.False(Ipv4Fragments.TryParse(new byte[1420], 1280, out _));
        byte[] version6 = Sample(1420);
        version6[0] = 0x60;
        Assert.False(Ipv4Fragments.TryParse(version6, 1280, out _));
    }

    /// <summary>A record of the route (7) stands in the first fragment only, a stream identifier (136) in all.</summary>
    [Fact]
    public void Options_go_where_their_flag_says()
    {
        byte[] packet = new byte[1420];
        Sample(1420).CopyTo(packet, 0);
        packet[0] = 0x48;
        byte[] options = [7, 7, 4, 0, 0, 0, 0, 136, 4, 1, 2, 0];
        options.CopyTo(packet, 20);
        Assert.True(Ipv4Fragments.TryParse(packet, 1280, out var fragments));
        byte[] first = new byte[1280], second = new byte[1280];
        fragments.Write(0, first);
        fragments.Write(1, second);
        Assert.Equal(options, first[20..32]);
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 136, 4, 1, 2, 0], second[20..32]);
    }

    [Fact]
    public void Malformed_options_end_nothing()
    {
        var random = new Random(TestSeed.Next());
        byte[] room = new byte[1280];
        for (int round = 0; round < 2000; round++)
        {
            byte[] packet = Sample(1420);
            packet[0] = (byte)(0x40 | random.Next(5, 16));
            random.NextBytes(packet.AsSpan(20, 40));
            Assert.True(Ipv4Fragments.TryParse(packet, 1280, out var fragments));
            for (int index = 0; index < fragments.Count; index++)
                Assert.True(Ipv4View.TryParse(room.AsSpan(0, fragments.Write(index, room)), out _));
        }
    }

    private static byte[] Joined(Ipv4Fragments fragments, int mtu, int from, bool endsHere)
    {
        var joined = new List<byte>();
        byte[] room = new byte[mtu];
        for (int index = 0; index < fragments.Count; index++)
        {
            Assert.True(Ipv4View.TryParse(room.AsSpan(0, fragments.Write(index, room)), out var view));
            Assert.True(view.IsHeaderChecksumValid);
            Assert.Equal((from + joined.Count, 77, false), (view.FragmentOffset, view.Identification, view.DontFragment));
            Assert.Equal(!endsHere || index < fragments.Count - 1, view.MoreFragments);
            Assert.Equal((s_source, s_destination, IpProtocol.Udp), (view.Source, view.Destination, view.Protocol));
            joined.AddRange(view.Payload);
        }

        return [.. joined];
    }

    private static byte[] Sample(int length, int offset = 0, bool more = false, bool dontFragment = false)
    {
        byte[] packet = new byte[length];
        new Random(length).NextBytes(packet);
        Ipv4Header.Write(packet, s_source, s_destination, IpProtocol.Udp, length, identification: 77, dontFragment: dontFragment, moreFragments: more, fragmentOffset: offset);
        return packet;
    }
}
