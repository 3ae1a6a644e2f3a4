using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

public class UdpFlowTableTests : IUdpFlowHost
{
    private const long Second = 1_000_000;

    private readonly PacketLog _sink = new();
    private readonly List<UdpFlow> _open = [];
    private readonly List<(FlowKey Key, byte[] Payload)> _received = [];
    private readonly List<(FlowKey Key, int Peer, DatagramCloseReason Reason)> _closed = [];
    private UdpFlowTable _table;
    private bool _refusing;
    private bool _forgetful;

    public UdpFlowTableTests() => _table = Table(new DatagramLimits { HashKey = 7 });

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 1_392)]
    [InlineData(false, 0)]
    [InlineData(false, 3)]
    [InlineData(false, 1_372)]
    public void A_datagram_and_its_answer_carry_their_bytes(bool ipv4, int length)
    {
        byte[] payload = Wire.Bytes(length);
        Input(Datagram(ipv4, 4_000, 5_000, payload));
        var flow = Assert.Single(_open);
        Assert.Equal(payload, Assert.Single(_received).Payload);

        byte[] answer = Wire.Bytes(length, seed: 2);
        Assert.True(_table.Reply(flow, answer, 10));
        var view = PacketLog.Parse(_sink.TakeOnly());
        Assert.True(UdpView.TryParse(view.Payload, out var udp));
        Assert.True(udp.IsChecksumValid(view.Source, view.Destination));
        Assert.Equal(flow.Key.Reverse(), new FlowKey(view.Protocol, view.Source, udp.SourcePort, view.Destination, udp.DestinationPort));
        Assert.Equal(answer, udp.Payload.ToArray());
        Assert.Equal((1, length, 1, length), (flow.DatagramsReceived, flow.BytesReceived, flow.DatagramsSent, flow.BytesSent));
    }

    [Theory]
    [InlineData("100.64.0.7", "224.0.0.251")]
    [InlineData("100.64.0.7", "255.255.255.255")]
    [InlineData("fd00:1::7", "ff02::fb")]
    public void A_datagram_to_a_group_opens_nothing(string source, string group)
    {
        Input(Wire.Udp(IpAddress.Parse(source), 4_000, IpAddress.Parse(group), 5_353, [1]));

        Assert.Empty(_open);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    [Trait("Pitfall", "P29")]
    public void A_checksum_that_comes_out_as_zero_is_sent_as_all_ones()
    {
        Input(Datagram(true, 4_000, 5_000, [1]));
        var seen = new HashSet<ushort>();
        byte[] payload = new byte[2];
        for (int word = 0; word <= ushort.MaxValue; word++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)word);
            _table.Reply(_open[0], payload, 0);
            var view = PacketLog.Parse(_sink.TakeOnly());
            Assert.True(UdpView.TryParse(view.Payload, out var udp));
            seen.Add(udp.Checksum);
            if (udp.Checksum == ushort.MaxValue)
                Assert.True(udp.IsChecksumValid(view.Source, view.Destination));
        }

        Assert.DoesNotContain((ushort)0, seen);
        Assert.Contains(ushort.MaxValue, seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reply_beyond_the_mtu_goes_in_fragments_that_become_it_again(bool ipv4)
    {
        Input(Datagram(ipv4, 4_000, 5_000, [1]));
        var reassembler = new Reassembler(new ReassemblerOptions());
        int largest = ipv4 ? 65_507 : 65_507;
        foreach (int length in new[] { 1_393, 2_768, 4_096, largest })
        {
            byte[] answer = Wire.Bytes(length, seed: length);
            Assert.True(_table.Reply(_open[0], answer, 0));
            byte[] whole = [];
            for (int i = 0; i < _sink.Packets.Count; i++)
            {
                Assert.InRange(_sink.Packets[i].Length, 1, 1_420);
                Assert.Equal(i == _sink.Packets.Count - 1, reassembler.TryAdd(PacketLog.Parse(_sink.Packets[i]), 1, 0, out var span));
                whole = span.ToArray();
            }

            _sink.Packets.Clear();
            var view = PacketLog.Parse(whole);
            Assert.True(UdpView.TryParse(view.Payload, out var udp));
            Assert.True(udp.IsChecksumValid(view.Source, view.Destination));
            Assert.Equal(answer, udp.Payload.ToArray());
        }

        Assert.Equal(4, _table.Counters.RepliesFragmented);
    }

    [Fact]
    public void What_is_malformed_opens_nothing()
    {
        byte[] cut = Datagram(true, 1, 2, Wire.Bytes(20));
        cut[25] = 40;
        byte[] corrupt = Datagram(true, 1, 2, Wire.Bytes(20));
        corrupt[^1] ^= 1;
        byte[] withoutChecksum6 = Datagram(false, 1, 2, Wire.Bytes(20));
        withoutChecksum6[46] = withoutChecksum6[47] = 0;
        Input(cut);
        Input(corrupt);
        Input(withoutChecksum6);
        Input(Datagram(true, 0, 2, [1]));
        Input(Datagram(true, 1, 0, [1]));
        Input(Wire.Echo(Wire.Client4, Wire.Target4, 1, 1, [1]));
        Input(Wire.Fragment(Datagram(true, 1, 2, Wire.Bytes(100)), 0, 48, true));
        Assert.Empty(_received);
        Assert.Equal(0, _table.Count);
        Assert.Equal(2, _table.Counters.Dropped(DatagramDropReason.Checksum));
        Assert.Equal(5, _table.Counters.Dropped(DatagramDropReason.Malformed));
        Assert.Empty(_sink.Packets);

        // RFC 768: without a checksum is legal in IPv4.
        byte[] withoutChecksum4 = Datagram(true, 1, 2, Wire.Bytes(20));
        withoutChecksum4[26] = withoutChecksum4[27] = 0;
        Input(withoutChecksum4);
        Assert.Single(_received);
    }

    [Fact]
    public void Oversized_payloads_are_dropped_both_ways_and_counted()
    {
        _table = Table(new DatagramLimits { HashKey = 7, MaximumPayload = 1_000 });
        Input(Datagram(true, 1, 2, Wire.Bytes(1_001)));
        Assert.Empty(_open);
        Input(Datagram(true, 1, 2, Wire.Bytes(1_000)));
        Assert.False(_table.Reply(_open[0], Wire.Bytes(1_001), 0));
        Assert.Equal(2, _table.Counters.Dropped(DatagramDropReason.TooLarge));
        Assert.Empty(_sink.Packets);
    }

    [Fact]
    public void Idle_times_are_thirty_seconds_one_way_three_minutes_two_ways_and_ten_seconds_for_names()
    {
        Input(Datagram(true, 1, 1_000, [1]));
        Input(Datagram(true, 2, 1_000, [1]));
        Input(Datagram(true, 3, 53, [1]));
        _table.Reply(_open[1], [2], 0);
        _table.Reply(_open[2], [2], 0);
        Assert.Equal(10 * Second, _table.NextDeadline);
        _table.Tick((10 * Second) - 1);
        Assert.Empty(_closed);
        _table.Tick(10 * Second);
        Assert.Equal(53, Assert.Single(_closed).Key.DestinationPort);
        Assert.Equal(30 * Second, _table.NextDeadline);
        _table.Tick(30 * Second);
        Assert.Equal(1, _closed[1].Key.SourcePort);
        Assert.Equal(180 * Second, _table.NextDeadline);
        _table.Tick(180 * Second);
        Assert.Equal(2, _closed[2].Key.SourcePort);
        Assert.All(_closed, closed => Assert.Equal(DatagramCloseReason.Idle, closed.Reason));
        Assert.Equal(long.MaxValue, _table.NextDeadline);
    }

    [Fact]
    public void Traffic_either_way_keeps_a_flow()
    {
        Input(Datagram(true, 1, 1_000, [1]));
        Input(Datagram(true, 2, 1_000, [1]), now: 1);
        for (long now = 0; now < 600 * Second; now += 20 * Second)
        {
            _table.Tick(now);
            Input(Datagram(true, 1, 1_000, [1]), now: now);
        }

        Assert.Equal(2, Assert.Single(_closed).Key.SourcePort);
        for (long now = 600 * Second; now < 3_000 * Second; now += 170 * Second)
        {
            _table.Reply(_open[0], [1], now);
            _table.Tick(now);
        }

        Assert.Single(_closed);
    }

    [Fact]
    [Trait("Threat", "21")]
    public void A_peer_at_its_limit_gives_up_its_oldest_unanswered_flow_first()
    {
        _table = Table(new DatagramLimits { HashKey = 7, MaximumFlowsPerPeer = 4 });
        for (ushort port = 1; port <= 4; port++)
            Input(Datagram(true, port, 1_000, [1]), now: port);
        _table.Reply(_open[0], [1], 5);
        Input(Datagram(true, 5, 1_000, [1]), now: 6);
        Assert.Equal(2, Assert.Single(_closed).Key.SourcePort);
        Assert.Equal(DatagramCloseReason.Evicted, _closed[0].Reason);
        for (ushort port = 6; port <= 20; port++)
            Input(Datagram(true, port, 1_000, [1]), now: port);
        Assert.DoesNotContain(_closed, closed => closed.Key.SourcePort == 1);
        Assert.Equal(4, _table.CountOf(1));
    }

    [Fact]
    [Trait("Threat", "21")]
    public void A_flood_of_one_peer_never_closes_a_flow_of_another()
    {
        _table = Table(new DatagramLimits { HashKey = 7, MaximumFlows = 100, MaximumFlowsPerPeer = 90 });
        for (ushort port = 1; port <= 30; port++)
            Input(Datagram(true, port, 1_000, [1]), peer: 2);
        for (ushort port = 1; port <= 5_000; port++)
            Input(Datagram(true, port, 2_000, [1]), peer: 1);
        Assert.Equal(30, _table.CountOf(2));
        Assert.Equal(70, _table.CountOf(1));
        Assert.All(_closed, closed => Assert.Equal(1, closed.Peer));

        // Newcomers take from the greatest until the shares are equal.
        for (int peer = 3; peer <= 5; peer++)
        {
            for (ushort port = 1; port <= 200; port++)
                Input(Datagram(true, port, 1_000, [1]), peer: peer);
        }

        Assert.Equal(100, _table.Count);
        for (int peer = 1; peer <= 5; peer++)
            Assert.InRange(_table.CountOf(peer), 16, 24);
    }

    [Fact]
    public void The_same_addresses_of_two_peers_are_two_flows()
    {
        Input(Datagram(true, 1, 2, [1]), peer: 1);
        Input(Datagram(true, 1, 2, [2]), peer: 2);
        Assert.Equal(2, _table.Count);
        _table.RemovePeer(1);
        Assert.Equal((1, DatagramCloseReason.PeerRemoved), (Assert.Single(_closed).Peer, _closed[0].Reason));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void A_flow_that_the_host_refuses_leaves_nothing_behind()
    {
        _refusing = true;
        Input(Datagram(true, 1, 2, [1]));
        Assert.Equal(0, _table.Count);
        Assert.Empty(_received);
        Assert.Empty(_closed);
        Assert.Equal(1, _table.Counters.Dropped(DatagramDropReason.Refused));
        var view = PacketLog.Parse(_sink.TakeOnly());
        Assert.True(IcmpErrorView.TryParse(view, out var error));
        Assert.Equal(IcmpErrorKind.AdministrativelyProhibited, error.Kind);
        _refusing = false;
        Input(Datagram(true, 1, 2, [1]));
        Assert.Equal(1, _table.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_refused_port_is_told_with_the_header_of_the_last_datagram(bool ipv4)
    {
        Input(Datagram(ipv4, 4_000, 5_000, [1]));
        byte[] last = Datagram(ipv4, 4_000, 5_000, Wire.Bytes(300));
        Input(last);
        _table.Refuse(_open[0]);
        var view = PacketLog.Parse(_sink.TakeOnly());
        Assert.Equal((ipv4 ? Wire.Target4 : Wire.Target6, ipv4 ? Wire.Client4 : Wire.Client6), (view.Source, view.Destination));
        Assert.True(IcmpErrorView.TryParse(view, out var error));
        Assert.Equal(IcmpErrorKind.PortUnreachable, error.Kind);
        Assert.Equal(_open[0].Key, error.Flow);
        int ip = ipv4 ? 20 : 40;
        Assert.Equal(last.AsSpan(ip, 8).ToArray(), error.Transport.ToArray());
        Assert.Equal(last.AsSpan(ipv4 ? 2 : 4, 2).ToArray(), view.Packet.Slice(ip + 8 + (ipv4 ? 2 : 4), 2).ToArray());
        Assert.Equal(1, _table.Counters.ErrorsSent);
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void Other_reasons_become_other_codes()
    {
        Input(Datagram(true, 4_000, 5_000, [1]));
        foreach (var (code, kind) in new[] { (UnreachableCode.Network, IcmpErrorKind.NetworkUnreachable), (UnreachableCode.Host, IcmpErrorKind.HostUnreachable), (UnreachableCode.Prohibited, IcmpErrorKind.AdministrativelyProhibited) })
        {
            _table.Unreachable(_open[0], code);
            Assert.True(IcmpErrorView.TryParse(PacketLog.Parse(_sink.TakeOnly()), out var error));
            Assert.Equal(kind, error.Kind);
        }
    }

    [Fact]
    [Trait("Threat", "18")]
    public void A_peers_port_unreachable_closes_its_own_flow_only()
    {
        Input(Datagram(true, 4_000, 5_000, [1]));
        _table.Reply(_open[0], Wire.Bytes(50), 0);
        byte[] reply = _sink.TakeOnly();
        byte[] error = new byte[IcmpError.MaximumLength];
        Assert.True(IcmpError.TryWrite(error, PacketLog.Parse(reply), Wire.Client4, IcmpErrorKind.PortUnreachable, 0, out int length));
        Assert.True(IcmpErrorView.TryParse(PacketLog.Parse(error.AsSpan(0, length)), out var view));
        Assert.False(_table.InputError(view, peer: 2));
        Assert.Equal(1, _table.Count);
        Assert.True(_table.InputError(view, peer: 1));
        Assert.Equal(DatagramCloseReason.RefusedByPeer, Assert.Single(_closed).Reason);
        Assert.False(_table.InputError(view, peer: 1));
    }

    [Fact]
    public void A_closed_flow_sends_nothing_and_closes_once()
    {
        Input(Datagram(true, 4_000, 5_000, [1]));
        var flow = _open[0];
        _table.Close(flow);
        _table.Close(flow);
        Assert.False(_table.Reply(flow, [1], 0));
        _table.Refuse(flow);
        Assert.Single(_closed);
        Assert.Empty(_sink.Packets);
    }

    [Fact]
    public void A_full_sink_drops_the_reply_and_counts_it()
    {
        Input(Datagram(true, 4_000, 5_000, [1]));
        _sink.IsFull = true;
        Assert.False(_table.Reply(_open[0], [1], 0));
        _table.Refuse(_open[0]);
        Assert.Equal(2, _table.Counters.Dropped(DatagramDropReason.SinkFull));
        Assert.False(_open[0].IsAnswered);
    }

    [Fact]
    public void A_hundred_thousand_datagrams_both_ways_allocate_nothing()
    {
        _sink.IsForgetful = _forgetful = true;
        _table = Table(new DatagramLimits { HashKey = 7, MaximumFlows = 64 });
        byte[][] packets = new byte[200][];
        for (int i = 0; i < packets.Length; i++)
            packets[i] = Datagram(i % 2 == 0, (ushort)(i + 1), 1_000, Wire.Bytes(i * 7));
        long before = 0;
        for (int round = -2; round < 500; round++)
        {
            if (round == 0)
                before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < packets.Length; i++)
                Input(packets[i], now: round * Second);
        }

        // 200 senders share 64 places: flows open and close all the time as well.
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(502 * packets.Length, _table.Counters.DatagramsReceived);
        Assert.Equal(502 * packets.Length, _table.Counters.DatagramsSent);
    }

    bool IUdpFlowHost.OnOpening(UdpFlow flow)
    {
        if (_refusing)
        {
            _table.Unreachable(flow, UnreachableCode.Prohibited);
            return false;
        }

        if (!_forgetful)
            _open.Add(flow);
        return true;
    }

    void IUdpFlowHost.OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload)
    {
        if (_forgetful)
            Assert.True(_table.Reply(flow, payload, flow.LastActivityAt));
        else
            _received.Add((flow.Key, payload.ToArray()));
    }

    void IUdpFlowHost.OnClosed(UdpFlow flow)
    {
        if (!_forgetful)
            _closed.Add((flow.Key, flow.Peer, flow.CloseReason));
    }

    private static byte[] Datagram(bool ipv4, ushort sourcePort, ushort destinationPort, byte[] payload) => ipv4
        ? Wire.Udp(Wire.Client4, sourcePort, Wire.Target4, destinationPort, payload)
        : Wire.Udp(Wire.Client6, sourcePort, Wire.Target6, destinationPort, payload);

    private UdpFlowTable Table(DatagramLimits limits) => new(limits, _sink, this);

    private void Input(byte[] packet, int peer = 1, long now = 0)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        _table.Input(view, peer, now);
    }
}
