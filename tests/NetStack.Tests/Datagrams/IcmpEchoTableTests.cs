using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

public class IcmpEchoTableTests : IEchoHost
{
    private readonly PacketLog _sink = new();
    private readonly List<EchoFlow> _open = [];
    private readonly List<(ushort Identifier, ushort Sequence, byte[] Payload)> _requests = [];
    private readonly List<DatagramCloseReason> _closed = [];
    private readonly IcmpEchoTable _table;
    private bool _forgetful;

    public IcmpEchoTableTests() => _table = new IcmpEchoTable(new DatagramLimits { HashKey = 3, MaximumFlowsPerPeer = 16 }, _sink, this);

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 57)]
    [InlineData(false, 0)]
    [InlineData(false, 57)]
    public void A_reply_carries_the_peers_identifier_whatever_the_ping_socket_used(bool ipv4, int length)
    {
        byte[] payload = Wire.Bytes(length);
        Input(Echo(ipv4, 0xBEEF, 41, payload));
        Assert.Equal((0xBEEF, 41), (Assert.Single(_requests).Identifier, _requests[0].Sequence));
        Assert.Equal(payload, _requests[0].Payload);
        Assert.True(_table.Reply(_open[0], 41, payload, 5));
        byte[] packet = _sink.TakeOnly();
        var view = PacketLog.Parse(packet);
        Assert.True(view.TryGetFlow(out var flow));
        Assert.Equal(_open[0].Key.Reverse(), flow);
        if (ipv4)
        {
            Assert.True(IcmpView.TryParse(view.Payload, out var icmp));
            Assert.True(icmp.IsChecksumValid && icmp.IsEchoReply);
            Assert.Equal((0xBEEF, 41), (icmp.Identifier, icmp.SequenceNumber));
            Assert.Equal(payload, icmp.Payload.ToArray());
        }
        else
        {
            Assert.True(Icmpv6View.TryParse(view.Payload, out var icmp));
            Assert.True(icmp.IsChecksumValid(view.Source, view.Destination) && icmp.IsEchoReply);
            Assert.Equal((0xBEEF, 41), (icmp.Identifier, icmp.SequenceNumber));
            Assert.Equal(payload, icmp.Payload.ToArray());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_ping_comes_and_goes_in_fragments(bool ipv4)
    {
        byte[] payload = Wire.Bytes(ipv4 ? 65_507 : 60_000);
        Input(Echo(ipv4, 1, 1, payload));
        Assert.Equal(payload, _requests[0].Payload);
        Assert.True(_table.Reply(_open[0], 1, payload, 0));
        var reassembler = new Reassembler(new ReassemblerOptions());
        byte[] whole = [];
        foreach (byte[] packet in _sink.Packets)
        {
            if (reassembler.TryAdd(PacketLog.Parse(packet), 1, 0, out var span))
                whole = span.ToArray();
        }

        var view = PacketLog.Parse(whole);
        Assert.Equal(payload, view.Payload[8..].ToArray());
        Assert.True(ipv4 ? IcmpView.TryParse(view.Payload, out var icmp) && icmp.IsChecksumValid : Icmpv6View.TryParse(view.Payload, out var icmpv6) && icmpv6.IsChecksumValid(view.Source, view.Destination));
    }

    [Fact]
    public void What_is_no_echo_request_has_no_effect()
    {
        byte[] reply = Echo(true, 1, 1, [1, 2]);
        IcmpMessage.WriteEchoReply(reply.AsSpan(20), Wire.Client4, Wire.Target4, 1, 1);
        byte[] code = Echo(true, 1, 1, [1, 2]);
        IcmpMessage.Write(code.AsSpan(20), Wire.Client4, Wire.Target4, IcmpType.EchoRequest, 1, 0);
        byte[] corrupt = Echo(true, 1, 1, [1, 2]);
        corrupt[^1] ^= 1;
        byte[] corrupt6 = Echo(false, 1, 1, [1, 2]);
        corrupt6[^1] ^= 1;
        Input(reply);
        Input(code);
        Input(corrupt);
        Input(corrupt6);
        Input(Wire.Udp(Wire.Client4, 1, Wire.Target4, 2, [1]));
        Assert.Empty(_requests);
        Assert.Equal(3, _table.Counters.Dropped(DatagramDropReason.Malformed));
        Assert.Equal(2, _table.Counters.Dropped(DatagramDropReason.Checksum));
        Assert.Empty(_sink.Packets);
    }

    [Theory]
    [InlineData("100.64.0.7", "224.0.0.1")]
    [InlineData("100.64.0.7", "255.255.255.255")]
    [InlineData("fd00:1::7", "ff02::1")]
    public void A_group_is_not_asked(string source, string group)
    {
        Input(Wire.Echo(IpAddress.Parse(source), IpAddress.Parse(group), 1, 1, [1]));

        Assert.Empty(_open);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Flows_are_kept_per_identifier_bounded_and_forgotten()
    {
        for (ushort identifier = 0; identifier < 40; identifier++)
            Input(Echo(true, identifier, 1, [1]));
        Assert.Equal(16, _table.Count);
        Assert.Equal(24, _closed.Count(reason => reason == DatagramCloseReason.Evicted));
        Input(Echo(true, 39, 2, [1]));
        Assert.Equal(40, _open.Count);
        Assert.Equal(30_000_000, _table.NextDeadline);
        _table.Tick(30_000_000);
        Assert.Equal(0, _table.Count);
        Assert.Equal(long.MaxValue, _table.NextDeadline);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_unreachable_target_is_told_by_quoting_the_request(bool ipv4)
    {
        Input(Echo(ipv4, 77, 9, Wire.Bytes(56)));
        _table.Unreachable(_open[0], UnreachableCode.Host);
        Assert.True(IcmpErrorView.TryParse(PacketLog.Parse(_sink.TakeOnly()), out var error));
        Assert.Equal(IcmpErrorKind.HostUnreachable, error.Kind);
        Assert.Equal(_open[0].Key, error.Flow);
        Assert.Equal(9, error.Transport[7]);
    }

    [Fact]
    public void Removal_of_the_peer_and_close_end_flows_once()
    {
        Input(Echo(true, 1, 1, [1]));
        Input(Echo(true, 2, 1, [1]));
        _table.Close(_open[0]);
        _table.Close(_open[0]);
        _table.RemovePeer(1);
        Assert.Equal([DatagramCloseReason.Closed, DatagramCloseReason.PeerRemoved], _closed);
        Assert.False(_table.Reply(_open[1], 1, [1], 0));
        Assert.Empty(_sink.Packets);
    }

    [Fact]
    public void Pings_allocate_nothing()
    {
        _forgetful = _sink.IsForgetful = true;
        byte[][] packets = [Echo(true, 1, 1, Wire.Bytes(56)), Echo(false, 1, 1, Wire.Bytes(56)), Echo(true, 2, 1, Wire.Bytes(1_300))];
        long before = 0;
        for (int i = -10; i < 30_000; i++)
        {
            if (i == 0)
                before = GC.GetAllocatedBytesForCurrentThread();
            foreach (byte[] packet in packets)
                Input(packet);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(3 * 30_010, _sink.Committed);
    }

    bool IEchoHost.OnOpening(EchoFlow flow)
    {
        if (!_forgetful)
            _open.Add(flow);
        return true;
    }

    void IEchoHost.OnEchoRequest(EchoFlow flow, ushort sequenceNumber, ReadOnlySpan<byte> payload)
    {
        if (_forgetful)
            Assert.True(_table.Reply(flow, sequenceNumber, payload, 0));
        else
            _requests.Add((flow.Identifier, sequenceNumber, payload.ToArray()));
    }

    void IEchoHost.OnClosed(EchoFlow flow) => _closed.Add(flow.CloseReason);

    private static byte[] Echo(bool ipv4, ushort identifier, ushort sequenceNumber, byte[] payload) => ipv4
        ? Wire.Echo(Wire.Client4, Wire.Target4, identifier, sequenceNumber, payload)
        : Wire.Echo(Wire.Client6, Wire.Target6, identifier, sequenceNumber, payload);

    private void Input(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        _table.Input(view, 1, 0);
    }
}
