using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

/// <summary>Flows that this side opens: what it says goes to the peer, and what the peer answers comes back.</summary>
public class ActiveUdpTests : IUdpFlowHost
{
    private const long Second = 1_000_000;
    private const int Peer = 1;

    private readonly PacketLog _sink = new();
    private readonly List<byte[]> _received = [];
    private readonly List<DatagramCloseReason> _closed = [];
    private readonly UdpFlowTable _table;
    private int _offered;

    public ActiveUdpTests() => _table = new UdpFlowTable(new DatagramLimits { HashKey = 7 }, _sink, this);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_said_reaches_the_target_and_its_answer_comes_back(bool ipv4)
    {
        var key = Key(ipv4);
        var flow = _table.Connect(key, Peer, 0)!;
        Assert.True(flow.IsActive);
        Assert.Equal(key.Reverse(), flow.Key);
        Assert.Null(_table.Connect(key, Peer, 0));
        Assert.Same(flow, _table.FindActive(key, Peer));

        byte[] question = Wire.Bytes(100);
        Assert.True(_table.Reply(flow, question, 0));
        var sent = PacketLog.Parse(_sink.TakeOnly());
        Assert.True(UdpView.TryParse(sent.Payload, out var udp));
        Assert.True(udp.IsChecksumValid(sent.Source, sent.Destination));
        Assert.Equal(key, new FlowKey(sent.Protocol, sent.Source, udp.SourcePort, sent.Destination, udp.DestinationPort));
        Assert.Equal(question, udp.Payload.ToArray());

        byte[] answer = Wire.Bytes(200, seed: 2);
        Input(Wire.Udp(key.Destination, key.DestinationPort, key.Source, key.SourcePort, answer));
        Assert.Equal(answer, Assert.Single(_received));
        Assert.Equal(0, _offered);
    }

    [Fact]
    public void An_answer_that_nobody_asked_for_is_offered_as_any_other_datagram()
    {
        var key = Key(ipv4: true);
        _table.Connect(key, Peer, 0);
        Input(Wire.Udp(key.Destination, (ushort)(key.DestinationPort + 1), key.Source, key.SourcePort, [1]));
        Input(Wire.Udp(key.Destination, key.DestinationPort, key.Source, (ushort)(key.SourcePort + 1), [1]));
        Assert.Equal(2, _offered);
        Assert.Empty(_received);
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void It_is_the_peers_answer_that_makes_a_flow_last()
    {
        var silent = _table.Connect(Key(ipv4: true), Peer, 0)!;
        var answered = Key(ipv4: true) with { SourcePort = 50_001 };
        var second = _table.Connect(answered, Peer, 0)!;
        _table.Reply(silent, [1], 0);
        _table.Reply(second, [1], 0);
        Assert.False(silent.IsAnswered);
        Input(Wire.Udp(answered.Destination, answered.DestinationPort, answered.Source, answered.SourcePort, [2]));
        Assert.True(second.IsAnswered);
        _table.Tick(31 * Second);
        Assert.Equal(DatagramCloseReason.Idle, Assert.Single(_closed));
        Assert.Null(_table.FindActive(Key(ipv4: true), Peer));
        Assert.Same(second, _table.FindActive(answered, Peer));
        _table.Tick(181 * Second);
        Assert.Equal(2, _closed.Count);
    }

    [Fact]
    public void A_question_to_a_name_server_does_not_wait_long()
    {
        var flow = _table.Connect(Key(ipv4: true) with { DestinationPort = 53 }, Peer, 0)!;
        _table.Reply(flow, [1], 0);
        Assert.Equal(10 * Second, _table.NextDeadline);
    }

    [Fact]
    public void Port_unreachable_from_the_target_ends_it()
    {
        var flow = _table.Connect(Key(ipv4: true), Peer, 0)!;
        _table.Reply(flow, [1, 2, 3], 0);
        byte[] error = new byte[IcmpError.MaximumLength];
        Assert.True(IcmpError.TryWrite(error, PacketLog.Parse(_sink.TakeOnly()), Wire.Target4, IcmpErrorKind.PortUnreachable, 0, out int length));
        Assert.True(IcmpErrorView.TryParse(PacketLog.Parse(error.AsSpan(0, length)), out var view));
        Assert.True(_table.InputError(view, Peer));
        Assert.Equal(DatagramCloseReason.RefusedByPeer, Assert.Single(_closed));
    }

    [Fact]
    public void A_key_that_is_none_of_UDP_is_the_callers_mistake()
    {
        var key = Key(ipv4: true);
        Assert.Throws<ArgumentException>(() => _table.Connect(key with { Protocol = IpProtocol.Tcp }, Peer, 0));
        Assert.Throws<ArgumentException>(() => _table.Connect(key with { Destination = Wire.Target6 }, Peer, 0));
        Assert.Throws<ArgumentException>(() => _table.Connect(key with { SourcePort = 0 }, Peer, 0));
        Assert.Throws<ArgumentException>(() => _table.Connect(key with { DestinationPort = 0 }, Peer, 0));
    }

    bool IUdpFlowHost.OnOpening(UdpFlow flow)
    {
        _offered++;
        return false;
    }

    void IUdpFlowHost.OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload) => _received.Add(payload.ToArray());

    void IUdpFlowHost.OnClosed(UdpFlow flow) => _closed.Add(flow.CloseReason);

    private static FlowKey Key(bool ipv4) => new(IpProtocol.Udp, ipv4 ? Wire.Client4 : Wire.Client6, 50_000, ipv4 ? Wire.Target4 : Wire.Target6, 9_000);

    private void Input(byte[] packet)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        _table.Input(view, Peer, 0);
    }
}
