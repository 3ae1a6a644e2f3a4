using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>One stack, one honest or lying client of it, and a host that does what the program says.</summary>
internal sealed class TcpWorld : IFlowHost
{
    internal const int OperationCount = 11;

    private const int Peer = 1;
    private const uint ClientIsn = 0xFFFF_FF00;
    private const ushort ClientPort = 40000;
    private const ushort ServerPort = 80;

    private static readonly StackOptions Options = new()
    {
        Secret = new byte[32],
        MaximumFlows = 8,
        MaximumFlowsPerPeer = 4,
        MaximumPending = 4,
        MaximumPendingPerPeer = 2,
        MaximumTimeWait = 4,
        BufferBudget = 1 << 20,
        BufferBudgetPerPeer = 1 << 20,
        InitialReceiveWindow = 16 << 10,
        MaximumReceiveWindow = 64 << 10,
        MaximumSendQueue = 64 << 10,
    };

    private readonly TcpWire _sink = new();
    private readonly TcpStack _stack;
    private readonly List<PendingSyn> _pending = [];
    private readonly List<TcpFlow> _flows = [];
    private readonly byte[] _packet = new byte[2048];

    private Outcome _outcome;
    private long _now = 1_000_000;
    private long _consumed;
    private bool _liar;

    internal TcpWorld() => _stack = new TcpStack(Options, _sink, this);

    internal void Step(ref OperationReader reader)
    {
        byte operation = (byte)(reader.Byte() % OperationCount);
        _outcome.Add(operation);
        switch (operation)
        {
            case 0:
                // Raw bytes may open any connection and put any bytes into ours.
                _liar = true;
                _stack.Input(reader.Block(), Peer, _now);
                break;
            case 1:
                SendSegment(ref reader);
                break;
            case 2:
                Answer(reader.Byte());
                break;
            case 3:
                Read(reader.Byte() * 64);
                break;
            case 4:
                Write(reader.Byte() * 64);
                break;
            case 5:
                Last?.CloseSend();
                break;
            case 6:
                Wait(reader.Byte() * 250_000L);
                break;
            case 7:
                _stack.Flush(_now);
                break;
            case 8:
                _stack.RemovePeer(Peer, _now);
                break;
            case 9:
                Last?.Abort();
                break;
            default:
                _sink.Room = _sink.Room == int.MaxValue ? _sink.Count : int.MaxValue;
                break;
        }

        Check();
    }

    internal ulong Finish()
    {
        _sink.Room = int.MaxValue;
        _stack.RemovePeer(Peer, _now);
        // Everything that was promised to happen happens, and nothing stays.
        Wait(3600_000_000);
        Promise.Holds(_stack.FlowCount == 0 && _flows.Count == 0);
        Promise.Holds(_stack.PendingCount == 0 && _pending.Count == 0);
        Promise.Holds(_stack.TimeWaitCount == 0);
        Promise.Holds(_stack.BufferBytes == 0);
        _outcome.AddScale(_sink.Count);
        return _outcome.Value;
    }

    public void OnSyn(PendingSyn syn)
    {
        Promise.Holds(syn.IsPending && syn.Key.Destination.IsUnicast);
        _pending.Add(syn);
        _outcome.Add(100);
    }

    public void OnSynAbandoned(PendingSyn syn) => Promise.Holds(_pending.Remove(syn));

    public void OnConnected(TcpFlow flow) => Note(flow, 101);

    public void OnReadable(TcpFlow flow) => Note(flow, 102);

    public void OnSendSpace(TcpFlow flow) => Note(flow, 103);

    public void OnPeerFin(TcpFlow flow) => Note(flow, 104);

    public void OnPeerReset(TcpFlow flow) => Note(flow, 105);

    public void OnClosed(TcpFlow flow)
    {
        Note(flow, 106);
        Promise.Holds(flow.CloseReason != CloseReason.None);
        _outcome.Add((long)flow.CloseReason);
        Promise.Holds(_flows.Remove(flow));
    }

    private TcpFlow? Last => _flows.Count > 0 ? _flows[^1] : null;

    private void Note(TcpFlow flow, int what)
    {
        Promise.Holds(_flows.Contains(flow));
        _outcome.Add(what);
    }

    private void Check()
    {
        Promise.Holds(_stack.FlowCount <= Options.MaximumFlows);
        Promise.Holds(_stack.PendingCount <= Options.MaximumPendingPerPeer);
        Promise.Holds(_stack.TimeWaitCount <= Options.MaximumTimeWait);
        Promise.Holds(_stack.BufferBytes >= 0 && _stack.BufferBytes <= Options.BufferBudget);
        Promise.Holds(_pending.Count == _stack.PendingCount);
    }

    private void SendSegment(ref OperationReader reader)
    {
        var flags = (TcpFlags)(reader.Byte() & 0x3F);
        uint sequence = ClientIsn + reader.UInt16();
        byte acknowledged = reader.Byte();
        int length = reader.UInt16() % 1400;
        var window = (ushort)(reader.Byte() * 257);
        // 0 acknowledges the SYN, 1 all that was sent, others something else.
        uint acknowledgment = acknowledged switch
        {
            0 => _sink.ServerIsn + 1,
            1 => _sink.ServerNext,
            _ => _sink.ServerIsn + acknowledged * 37u,
        };
        TcpOptions options = default;
        if ((flags & TcpFlags.Syn) != 0)
            options = new TcpOptions { MaximumSegmentSize = 1360, WindowScale = 7, SackPermitted = true };
        int header = Ipv4Header.MinimumLength + TcpHeader.MinimumLength + options.Length;
        var packet = _packet.AsSpan(0, header + length);
        for (int i = 0; i < length; i++)
            packet[header + i] = ByteAt(sequence + (uint)i + ((flags & TcpFlags.Syn) != 0 ? 1u : 0) - ClientIsn - 1);
        var segment = packet[Ipv4Header.MinimumLength..];
        TcpHeader.Write(segment, ClientPort, ServerPort, sequence, acknowledgment, flags, window, options);
        TcpHeader.WriteChecksum(segment, SamplePackets.Client4, SamplePackets.Target4);
        Ipv4Header.Write(packet, SamplePackets.Client4, SamplePackets.Target4, IpProtocol.Tcp, packet.Length);
        _stack.Input(packet, Peer, _now);
    }

    private void Answer(byte how)
    {
        if (_pending.Count == 0)
            return;
        var syn = _pending[^1];
        switch (how % 4)
        {
            case 0:
                if (syn.Accept() is { } flow)
                {
                    _flows.Add(flow);
                    // The stream begins behind the SYN, wherever that was.
                    _consumed = syn.Irs - ClientIsn;
                }

                break;
            case 1:
                syn.Reset();
                break;
            case 2:
                syn.Unreachable(UnreachableCode.Host);
                break;
            default:
                syn.Drop();
                break;
        }

        Promise.Holds(!syn.IsPending);
        _pending.Remove(syn);
    }

    private void Read(int most)
    {
        if (Last is not { } flow)
            return;
        while (most > 0 && !flow.PeekReceive().IsEmpty)
        {
            var bytes = flow.PeekReceive();
            bytes = bytes[..Math.Min(bytes.Length, most)];
            for (int i = 0; i < bytes.Length && !_liar && _flows.Count == 1; i++)
                Promise.Holds(bytes[i] == ByteAt((uint)(_consumed + i)));
            _consumed += bytes.Length;
            most -= bytes.Length;
            flow.Consume(bytes.Length);
        }

        _outcome.Add(flow.ReceiveFinished);
    }

    private void Write(int most)
    {
        if (Last is not { } flow)
            return;
        var room = flow.GetSendSpan();
        int length = Math.Min(room.Length, most);
        room[..length].Fill(0x5A);
        flow.Commit(length);
        _outcome.AddScale(length);
    }

    private void Wait(long time)
    {
        long end = _now + time;
        for (int i = 0; _stack.NextDeadline <= end; i++)
        {
            // A stack that asks for the same instant for ever would spin.
            Promise.Holds(i < 200_000);
            _now = Math.Max(_now, _stack.NextDeadline);
            _stack.Tick(_now);
            Promise.Holds(_stack.NextDeadline > _now);
        }

        _now = end;
        _stack.Tick(_now);
    }

    /// <summary>The byte of the client's stream at this place, 0 being the first after the SYN.</summary>
    private static byte ByteAt(uint place) => (byte)(place * 31 ^ place >> 8);
}
