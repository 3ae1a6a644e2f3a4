using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>
/// One stack under a peer that knows its sequence numbers and obeys nothing, and a host that does whatever it may. Nothing may throw,
/// spin, or hold more memory than the budget; and when all is taken down, nothing may be left.
/// </summary>
internal sealed class StackFuzz : IPacketSink, IFlowHost
{
    private const int Peer = 3;
    private const int Ports = 4;

    private readonly Random _random;
    private readonly byte[] _packet = new byte[2048];
    private readonly List<TcpFlow> _flows = [];
    private readonly List<PendingSyn> _pending = [];
    private readonly TcpStack _stack;
    private readonly StackOptions _options;
    private bool _full;

    public StackFuzz(int seed)
    {
        _random = new Random(seed);
        _options = new StackOptions
        {
            Secret = Wire.Bytes(32),
            Mtu = _random.Next(2) == 0 ? 1420 : 700,
            FastPath = _random.Next(2) == 0,
            Congestion = _random.Next(2) == 0 ? CongestionAlgorithm.Cubic : CongestionAlgorithm.NewReno,
            VerifyChecksums = _random.Next(8) == 0,
            BufferBudget = _random.Next(3) == 0 ? 512 << 10 : 8 << 20,
            BufferBudgetPerPeer = _random.Next(3) == 0 ? 256 << 10 : 8 << 20,
            SynRate = 100_000,
            MaximumFlows = _random.Next(4) == 0 ? 2 : 1000,
        };
        _stack = new TcpStack(_options, this, this);
        Now = _random.NextInt64(1L << 45);
    }

    public long Now { get; private set; }

    public void Run(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            switch (_random.Next(12))
            {
                case < 7:
                    SendAnything();
                    break;
                case < 9:
                    HostDoesAnything();
                    break;
                case 9:
                    Now += _random.NextInt64(1L << _random.Next(5, 34));
                    _stack.Tick(Now);
                    break;
                case 10:
                    _full = _random.Next(3) == 0;
                    break;
                default:
                    WaitForTimer();
                    break;
            }

            if (_random.Next(2) == 0)
                _stack.Flush(Now);
            Check();
        }

        TakeDown();
    }

    private void Check()
    {
        Assert.InRange(_stack.BufferBytes, 0, _options.BufferBudget);
        Assert.Equal(_flows.Count, _stack.FlowCount);
        foreach (var flow in _flows)
        {
            Assert.InRange(flow.CongestionWindow, 1, CongestionWindow.Maximum);
            Assert.True(Seq.LessOrEqual(flow.SndUna, flow.SndNxt), "SND.UNA is beyond SND.NXT.");
            Assert.True(Seq.LessOrEqual(flow.RcvNxt, flow.RcvAdv) || flow.TcpState == TcpState.SynSent, "RCV.NXT is beyond the right edge.");
            Assert.InRange(flow.ReceiveLength, 0, _options.MaximumReceiveWindow + 256);
            Assert.InRange(flow.Scoreboard.InFlight, 0, int.MaxValue);
            if (flow.Scoreboard.Count > 0)
            {
                Assert.Equal(flow.SndUna, flow.Scoreboard.At(0).Seq);
                Assert.Equal(flow.SndNxt, flow.Scoreboard.At(flow.Scoreboard.Count - 1).End);
            }
        }
    }

    private void WaitForTimer()
    {
        for (int i = 0; i < 8; i++)
        {
            long deadline = _stack.NextDeadline;
            if (deadline == long.MaxValue)
                return;
            Now = Math.Max(Now, deadline);
            _stack.Tick(Now);
            Assert.True(_full || _stack.NextDeadline > Now, "Tick left something due.");
        }
    }

    private void TakeDown()
    {
        _full = false;
        foreach (var syn in _pending.ToArray())
            syn.Drop();
        foreach (var flow in _flows.ToArray())
            flow.Abort();
        _stack.RemovePeer(Peer, Now);
        _stack.Flush(Now);
        Assert.Equal((0, 0, 0L, 0), (_stack.FlowCount, _stack.PendingCount, _stack.BufferBytes, _stack.TimeWaitCount));
        Assert.Empty(_flows);
        Assert.Equal(long.MaxValue, _stack.NextDeadline);
    }

    private void SendAnything()
    {
        bool ipv6 = _random.Next(2) == 0;
        var key = new FlowKey(
            IpProtocol.Tcp,
            ipv6 ? Wire.Client6 : Wire.Client4,
            (ushort)(1000 + _random.Next(Ports)),
            ipv6 ? Wire.Target6 : Wire.Target4,
            443);
        var flow = _flows.Find(candidate => candidate.IncomingKey == key);
        if (flow is null && _flows.Count > 0 && _random.Next(4) > 0)
        {
            flow = _flows[_random.Next(_flows.Count)];
            key = flow.IncomingKey;
        }

        if (_random.Next(40) == 0)
            SendIcmp(key, flow);
        else
            SendSegment(key, flow);
    }

    private void SendSegment(in FlowKey key, TcpFlow? flow)
    {
        uint seq = flow is null ? (uint)_random.NextInt64(1L << 32) : Near(flow.RcvNxt, flow.RcvAdv);
        uint ack = flow is null ? (uint)_random.NextInt64(1L << 32) : Near(flow.SndUna, flow.SndNxt);
        var flags = _random.Next(12) switch
        {
            0 => (TcpFlags)_random.Next(256),
            1 when flow is null => TcpFlags.Rst,
            1 => TcpFlags.Fin | TcpFlags.Ack,
            2 => TcpFlags.Rst | (TcpFlags)_random.Next(32),
            3 => TcpFlags.Syn | TcpFlags.Ack,
            _ => flow is null ? TcpFlags.Syn : TcpFlags.Ack,
        };
        if (_random.Next(60) != 0 && (flags & TcpFlags.Rst) != 0)
            flags &= ~TcpFlags.Rst;
        var options = Options(flow, (flags & TcpFlags.Syn) != 0);
        int payload = (flags & TcpFlags.Syn) != 0 && _random.Next(4) > 0 ? 0 : _random.Next(3) * _random.Next(700);
        int ip = IpHeader.Write(_packet, key.Source, key.Destination, IpProtocol.Tcp, TcpHeader.MinimumLength + options.Length + payload);
        ushort window = (ushort)(_random.Next(4) == 0 ? 0 : _random.Next(65_536));
        TcpHeader.Write(_packet.AsSpan(ip), key.SourcePort, key.DestinationPort, seq, ack, flags, window, options);
        int length = ip + TcpHeader.MinimumLength + options.Length + payload;
        if (_random.Next(100) == 0)
            _packet[_random.Next(length)] ^= (byte)(1 << _random.Next(8));
        if (_random.Next(50) != 0)
            TcpHeader.WriteChecksum(_packet.AsSpan(ip, length - ip), key.Source, key.Destination);
        _stack.Input(_packet.AsSpan(0, length), Peer, Now);
    }

    private void SendIcmp(in FlowKey key, TcpFlow? flow)
    {
        byte[] quoted = new byte[80];
        int ip = IpHeader.Write(quoted, key.Destination, key.Source, IpProtocol.Tcp, 40);
        uint seq = flow is null ? 0 : Near(flow.SndUna, flow.SndNxt);
        TcpHeader.Write(quoted.AsSpan(ip), key.DestinationPort, key.SourcePort, seq, 0, TcpFlags.Ack, 0, default);
        if (IpView.TryParse(quoted.AsSpan(0, ip + 40), out var view)
            && IcmpError.TryWrite(_packet, view, key.Source, (IcmpErrorKind)_random.Next(1, 8), _random.Next(65_536), out int length))
            _stack.Input(_packet.AsSpan(0, length), Peer, Now);
    }

    private TcpOptions Options(TcpFlow? flow, bool syn)
    {
        var options = new TcpOptions();
        if (syn || _random.Next(30) == 0)
        {
            if (_random.Next(4) > 0)
                options.MaximumSegmentSize = (ushort)_random.Next(_random.Next(4) == 0 ? 200 : 65_536);
            if (_random.Next(2) == 0)
                options.WindowScale = (byte)_random.Next(20);
            options.SackPermitted = _random.Next(4) > 0;
        }

        options.HasTimestamps = flow?.TimestampsOn == true ? _random.Next(20) > 0 : _random.Next(3) == 0;
        if (options.HasTimestamps)
        {
            options.TimestampValue = flow is null ? (uint)_random.NextInt64(1L << 32) : flow.TsRecent + (uint)_random.Next(-2, 50);
            options.TimestampEchoReply = flow is null ? 0 : flow.TimestampAt(Now) - (uint)_random.Next(0, 1000);
        }

        for (int i = _random.Next(syn ? 1 : 5); i > 0 && flow is not null && options.Length <= 28; i--)
        {
            uint left = Near(flow.SndUna, flow.SndNxt);
            options.TryAddSackBlock(new SackBlock(left, left + (uint)_random.Next(-10, 6000)));
        }

        return options;
    }

    private uint Near(uint from, uint to) => _random.Next(8) switch
    {
        0 => from - 1,
        1 => to,
        2 => from + (uint)_random.NextInt64(to - from + 1L),
        3 => from + (uint)_random.Next(-3000, 70_000),
        4 => (uint)_random.NextInt64(1L << 32),
        _ => from,
    };

    private void HostDoesAnything()
    {
        if (_pending.Count > 0 && _random.Next(2) == 0)
        {
            var syn = _pending[_random.Next(_pending.Count)];
            _pending.Remove(syn);
            Answer(syn);
            return;
        }

        if (_flows.Count == 0)
        {
            if (_stack.Connect(TcpPair.KeyOf(2000 + _random.Next(Ports)).Reverse(), Peer, Now) is { } opened)
                _flows.Add(opened);
            return;
        }

        Use(_flows[_random.Next(_flows.Count)]);
    }

    private void Use(TcpFlow flow)
    {
        switch (_random.Next(20))
        {
            case < 7:
                flow.Consume(_random.Next(flow.ReceiveLength + 1));
                break;
            case < 15:
                var chunks = new Memory<byte>[_random.Next(1, 5)];
                int count = flow.GetSendSpans(chunks);
                flow.Commit(_random.Next(chunks.Take(count).Sum(chunk => chunk.Length) + 1));
                break;
            case 15 when _random.Next(5) == 0:
                flow.CloseSend();
                break;
            case 16 when _random.Next(5) == 0:
                flow.Close();
                break;
            case 17 when _random.Next(20) == 0:
                flow.Abort();
                break;
            case 18:
                flow.IdleTimeout = _random.Next(3) == 0 ? _random.NextInt64(1L << 32) : long.MaxValue;
                break;
        }
    }

    private void Answer(PendingSyn syn)
    {
        switch (_random.Next(8))
        {
            case 0:
                syn.Reset();
                break;
            case 1:
                syn.Unreachable((UnreachableCode)_random.Next(3));
                break;
            case 2:
                syn.Drop();
                break;
            default:
                if (syn.Accept() is { } flow)
                    _flows.Add(flow);
                break;
        }
    }

    Span<byte> IPacketSink.Rent(int peer, int length)
    {
        Assert.True(length <= Math.Max(_options.Mtu, IcmpError.MaximumLength), $"{length} bytes");
        return _full && _random.Next(2) == 0 ? default : new byte[length];
    }

    void IPacketSink.Commit(int peer, int length)
    {
    }

    bool IPacketSink.CanSend(int peer) => !_full || _random.Next(4) == 0;

    void IFlowHost.OnSyn(PendingSyn syn)
    {
        if (_random.Next(2) == 0)
            Answer(syn);
        else
            _pending.Add(syn);
    }

    void IFlowHost.OnSynAbandoned(PendingSyn syn) => Assert.True(_pending.Remove(syn), "A SYN that was not pending was abandoned.");

    void IFlowHost.OnConnected(TcpFlow flow) => MaybeUse(flow);

    void IFlowHost.OnReadable(TcpFlow flow) => MaybeUse(flow);

    void IFlowHost.OnSendSpace(TcpFlow flow) => MaybeUse(flow);

    void IFlowHost.OnPeerFin(TcpFlow flow) => MaybeUse(flow);

    void IFlowHost.OnPeerReset(TcpFlow flow)
    {
    }

    void IFlowHost.OnClosed(TcpFlow flow)
    {
        Assert.True(_flows.Remove(flow), "OnClosed came twice.");
        Use(flow);
    }

    private void MaybeUse(TcpFlow flow)
    {
        Assert.Equal(CloseReason.None, flow.CloseReason);
        if (_random.Next(2) == 0)
            Use(flow);
    }
}
