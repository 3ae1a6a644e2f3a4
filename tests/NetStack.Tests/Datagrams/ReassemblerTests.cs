using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

public class ReassemblerTests
{
    private readonly Reassembler _reassembler = new(new ReassemblerOptions());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Pitfall", "P31")]
    public void Fragments_in_any_order_become_the_packet_that_was_cut(bool ipv4)
    {
        byte[] packet = Datagram(ipv4, 4_000);
        int transport = packet.Length - (ipv4 ? 20 : 40);
        (int Offset, int Length)[] pieces = [(0, 1_400), (1_400, 1_400), (2_800, transport - 2_800)];
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        uint identification = 0;
        foreach (int[] order in orders)
        {
            identification++;
            for (int i = 0; i < 3; i++)
            {
                var (offset, length) = pieces[order[i]];
                bool done = Add(Wire.Fragment(packet, offset, length, offset + length < transport, identification), out byte[] whole);
                Assert.Equal(i == 2, done);
                if (done)
                    Assert.Equal(Payload(packet), Payload(whole));
            }
        }

        Assert.Equal(6, _reassembler.Reassembled);
        Assert.Equal(0, _reassembler.Count);
        Assert.Equal(long.MaxValue, _reassembler.NextDeadline);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Pitfall", "P31")]
    [Trait("Threat", "18")]
    public void An_overlap_costs_the_datagram_and_what_follows_of_it(bool ipv4)
    {
        byte[] packet = Datagram(ipv4, 3_000);
        Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true)));
        Assert.False(Add(Wire.Fragment(packet, 1_392, 800, true)));
        Assert.False(Add(Wire.Fragment(packet, 1_400, 1_608, false)));
        Assert.Equal(1, _reassembler.Overlapped);
        Assert.Equal(0, _reassembler.Reassembled);

        // The rest of the datagram stays refused until the time is over; then the identification may be used anew.
        Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true)));
        _reassembler.Tick(30_000_000);
        Assert.Equal(0, _reassembler.Count);
        Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true), now: 30_000_001));
        Assert.True(Add(Wire.Fragment(packet, 1_400, 1_608, false), now: 30_000_002));
    }

    [Fact]
    [Trait("Pitfall", "P31")]
    public void An_exact_duplicate_does_no_harm_but_the_same_place_with_other_bytes_does()
    {
        byte[] packet = Datagram(true, 2_000);
        byte[] first = Wire.Fragment(packet, 0, 1_400, true);
        Assert.False(Add(first));
        Assert.False(Add(first));
        Assert.True(Add(Wire.Fragment(packet, 1_400, 608, false)));

        Assert.False(Add(first));
        byte[] forged = Wire.Fragment(packet, 0, 1_400, true);
        forged[100] ^= 1;
        Assert.False(Add(forged));
        Assert.False(Add(Wire.Fragment(packet, 1_400, 608, false)));
        Assert.Equal(1, _reassembler.Overlapped);
    }

    [Fact]
    [Trait("Threat", "18")]
    public void Two_ends_or_data_behind_the_end_cost_the_datagram()
    {
        byte[] packet = Datagram(true, 3_000);
        Assert.False(Add(Wire.Fragment(packet, 800, 800, false, 1)));
        Assert.False(Add(Wire.Fragment(packet, 1_600, 800, true, 1)));
        Assert.False(Add(Wire.Fragment(packet, 1_600, 800, true, 2)));
        Assert.False(Add(Wire.Fragment(packet, 800, 800, false, 2)));
        Assert.False(Add(Wire.Fragment(packet, 800, 800, false, 3)));
        Assert.False(Add(Wire.Fragment(packet, 1_600, 800, false, 3)));
        Assert.Equal(3, _reassembler.Overlapped);
    }

    [Fact]
    public void The_ping_of_death_never_becomes_whole()
    {
        // The header of 20 bytes and data up to 65,528 are one byte row too many for a total length of 16 bits.
        byte[] piece = new byte[20 + 1_480];
        bool done = false;
        for (int offset = 0; offset < 65_520; offset += 1_480)
        {
            int length = Math.Min(1_480, 65_528 - offset);
            bool more = offset + length < 65_528;
            Ipv4Header.Write(piece, Wire.Client4, Wire.Target4, IpProtocol.Udp, 20 + length, identification: 9, dontFragment: false, moreFragments: more, fragmentOffset: offset);
            done |= Add(piece.AsSpan(0, 20 + length));
        }

        Assert.False(done);
        Assert.Equal(1, _reassembler.Overlapped);
    }

    [Fact]
    public void The_largest_packet_becomes_whole()
    {
        byte[] packet = Wire.Udp(Wire.Client4, 1, Wire.Target4, 2, Wire.Bytes(65_507));
        Assert.True(AddAll(packet, 1_392, out byte[] whole));
        Assert.Equal(65_535, whole.Length);
        Assert.Equal(Payload(packet), Payload(whole));
    }

    [Fact]
    [Trait("Pitfall", "P31")]
    public void What_is_not_complete_in_thirty_seconds_is_forgotten()
    {
        byte[] packet = Datagram(true, 2_000);
        Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true), now: 5_000_000));
        Assert.Equal(35_000_000, _reassembler.NextDeadline);
        _reassembler.Tick(34_999_999);
        Assert.Equal(1, _reassembler.Count);
        _reassembler.Tick(35_000_000);
        Assert.Equal(0, _reassembler.Count);
        Assert.Equal(1, _reassembler.TimedOut);
        Assert.False(Add(Wire.Fragment(packet, 1_400, 608, false), now: 35_000_001));
    }

    [Fact]
    [Trait("Pitfall", "P31")]
    [Trait("Threat", "21")]
    public void A_flood_of_first_fragments_displaces_only_the_floods_own()
    {
        byte[] packet = Datagram(true, 2_000);
        for (int peer = 100; peer < 120; peer++)
            Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true), peer: peer));
        for (uint i = 0; i < 1_000; i++)
            Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true, i), peer: 1));
        for (int peer = 2; peer < 30; peer++)
            Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true), peer: peer));
        Assert.InRange(_reassembler.Count, 50, 64);
        for (int peer = 100; peer < 120; peer++)
            Assert.True(Add(Wire.Fragment(packet, 1_400, 608, false), peer: peer));
    }

    [Fact]
    public void Fragments_of_different_peers_addresses_protocols_and_identifications_never_mix()
    {
        byte[] packet = Datagram(true, 2_000);
        Assert.False(Add(Wire.Fragment(packet, 0, 1_400, true, 1), peer: 1));
        Assert.False(Add(Wire.Fragment(packet, 1_400, 608, false, 1), peer: 2));
        Assert.False(Add(Wire.Fragment(packet, 1_400, 608, false, 2), peer: 1));
        byte[] other = Wire.Udp(Wire.Client4, 9, IpAddress.Parse("192.168.1.21"), 10, Wire.Bytes(2_000));
        Assert.False(Add(Wire.Fragment(other, 1_400, 608, false, 1), peer: 1));
        byte[] echo = Wire.Echo(Wire.Client4, Wire.Target4, 1, 1, Wire.Bytes(2_000));
        Assert.False(Add(Wire.Fragment(echo, 1_400, 608, false, 1), peer: 1));
        Assert.True(Add(Wire.Fragment(packet, 1_400, 608, false, 1), peer: 1));
    }

    [Fact]
    public void Extension_headers_before_the_fragment_header_stay()
    {
        byte[] packet = Datagram(false, 2_000);
        byte[][] fragments = [Wire.Fragment(packet, 0, 1_400, true), Wire.Fragment(packet, 1_400, 608, false)];
        byte[] whole = [];
        for (int i = 0; i < 2; i++)
        {
            // Destination options of eight bytes with a PadN, between the fixed header and the fragment header.
            byte[] longer = [.. fragments[i][..40], IpProtocol.Fragment, 0, 1, 4, 0, 0, 0, 0, .. fragments[i][40..]];
            longer[6] = IpProtocol.DestinationOptions;
            longer[5] += 8;
            Assert.Equal(i == 1, Add(longer, out whole));
        }

        var view = PacketLog.Parse(whole);
        Assert.Equal(48, view.HeaderLength);
        Assert.Equal(IpProtocol.Udp, view.Protocol);
        Assert.Equal(Payload(packet), view.Payload[UdpHeader.Length..].ToArray());
    }

    [Fact]
    public void Memory_is_bounded_by_the_number_of_datagrams()
    {
        const int Ceiling = 64 * (ushort.MaxValue + FragmentedDatagram.MaximumHeader + (4 * FragmentedDatagram.MaximumFragments) + 512);
        byte[] packet = Datagram(true, 2_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int peer = 0; peer < 20; peer++)
        {
            for (uint i = 0; i < 200; i++)
                Add(Wire.Fragment(packet, 0, 1_400, true, i), peer: peer);
        }

        Assert.Equal(64, _reassembler.Count);
        long fragments = 20L * 200 * (1_400 + 20 + 64);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before - fragments, 0, Ceiling + 65_536);
    }

    [Fact]
    public void A_packet_that_is_no_fragment_is_the_callers_fault() =>
        Assert.Throws<ArgumentException>(() => Add(Datagram(true, 10)));

    [Fact]
    public void Random_cuts_with_loss_and_duplicates_give_the_packet_or_nothing()
    {
        int seed = Seed.FromEnvironment();
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++)
        {
            bool ipv4 = random.Next(2) == 0;
            byte[] packet = Datagram(ipv4, random.Next(100, 9_000));
            int transport = packet.Length - (ipv4 ? 20 : 40);
            var pieces = new List<byte[]>();
            for (int offset = 0; offset < transport;)
            {
                int length = Math.Min(transport - offset, 8 * random.Next(1, 180));
                if (offset == 0 && length == transport)
                    length = 8;
                pieces.Add(Wire.Fragment(packet, offset, length, offset + length < transport, (uint)round));
                offset += length;
            }

            if (pieces.Count > FragmentedDatagram.MaximumFragments)
                continue;
            bool lost = random.Next(4) == 0;
            if (lost)
                pieces.RemoveAt(random.Next(pieces.Count));
            var order = pieces.ToArray();
            random.Shuffle(order);
            bool done = false;
            foreach (byte[] piece in order)
            {
                if (Add(piece, out byte[] whole, now: round * 31_000_000L))
                {
                    done = true;
                    Assert.Equal(Payload(packet), Payload(whole));
                }
                else if (!done && random.Next(3) == 0)
                {
                    Assert.False(Add(piece, now: round * 31_000_000L));
                }
            }

            Assert.True(done != lost, $"KEYHOLE_SEED={seed} round {round}");
        }

        Assert.Equal(0, _reassembler.Overlapped);
    }

    private static byte[] Datagram(bool ipv4, int payload) => ipv4
        ? Wire.Udp(Wire.Client4, 4_000, Wire.Target4, 5_000, Wire.Bytes(payload))
        : Wire.Udp(Wire.Client6, 4_000, Wire.Target6, 5_000, Wire.Bytes(payload));

    private static byte[] Payload(byte[] packet)
    {
        var view = PacketLog.Parse(packet);
        Assert.False(view.IsFragment);
        Assert.True(UdpView.TryParse(view.Payload, out var udp));
        Assert.True(udp.IsChecksumValid(view.Source, view.Destination));
        return udp.Payload.ToArray();
    }

    private bool AddAll(byte[] packet, int piece, out byte[] whole)
    {
        whole = [];
        int transport = packet.Length - 20;
        for (int offset = 0; offset < transport; offset += piece)
        {
            int length = Math.Min(piece, transport - offset);
            if (Add(Wire.Fragment(packet, offset, length, offset + length < transport), out whole))
                return true;
        }

        return false;
    }

    private bool Add(ReadOnlySpan<byte> fragment, int peer = 1, long now = 0)
    {
        Assert.True(IpView.TryParse(fragment, out var view));
        return _reassembler.TryAdd(view, peer, now, out _);
    }

    private bool Add(ReadOnlySpan<byte> fragment, out byte[] whole, long now = 0)
    {
        Assert.True(IpView.TryParse(fragment, out var view));
        bool done = _reassembler.TryAdd(view, 1, now, out var span);
        whole = span.ToArray();
        return done;
    }
}
