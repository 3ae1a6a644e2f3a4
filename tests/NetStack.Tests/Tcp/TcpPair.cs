using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>
/// Two stacks, client and server, joined by a path with delay, random loss and reordering, under one clock. Packets live in recycled
/// buffers, so that what is measured is what the stacks allocate.
/// </summary>
internal sealed class TcpPair
{
    public const int Peer = 1;

    private readonly Stack<byte[]> _free = new();
    private readonly PriorityQueue<Packet, (long At, long Order)> _path = new();
    private readonly Random? _random;
    private long _order;

    public TcpPair(Func<StackOptions, StackOptions>? configure = null, int? seed = null)
    {
        var options = new StackOptions { Secret = Wire.Bytes(32) };
        options = configure is null ? options : configure(options);
        Client = new End(this, options, toServer: true);
        Server = new End(this, options, toServer: false);
        _random = seed is { } value ? new Random(value) : null;
    }

    public End Client { get; }

    public End Server { get; }

    /// <summary>Microseconds.</summary>
    public long Now { get; private set; } = 1_000_000;

    /// <summary>One way, microseconds.</summary>
    public long Delay { get; set; } = 5_000;

    /// <summary>Probability in percent.</summary>
    public double Loss { get; set; }

    /// <summary>Probability in percent that a packet takes up to three times as long.</summary>
    public double Reordering { get; set; }

    public long Packets { get; private set; }

    /// <summary>Packets for which this is true vanish: first whether the client sent it, then the packet.</summary>
    public Func<bool, ReadOnlyMemory<byte>, bool>? Eats { get; set; }

    public static FlowKey KeyOf(int port, bool ipv6 = false) => new(
        IpProtocol.Tcp,
        ipv6 ? Wire.Client6 : Wire.Client4,
        (ushort)port,
        ipv6 ? Wire.Target6 : Wire.Target4,
        443);

    /// <summary>Opens a connection from the client and waits until both ends have it.</summary>
    public (TcpFlow Client, TcpFlow Server) Open(int port = 40_000, bool ipv6 = false)
    {
        var client = Client.Stack.Connect(KeyOf(port, ipv6), Peer, Now)!;
        Client.Stack.Flush(Now);
        RunUntil(
            () => client.TcpState == TcpState.Established
                && Server.Flows.Any(flow => flow.Key == client.Key && flow.TcpState == TcpState.Established),
            60_000_000);
        return (client, Server.Flows.Single(flow => flow.Key == client.Key));
    }

    public bool RunUntil(Func<bool> done, long limit)
    {
        for (long end = Now + limit; !done();)
        {
            long arrival = _path.TryPeek(out _, out var due) ? due.At : long.MaxValue;
            long next = Math.Min(arrival, Math.Min(Client.Stack.NextDeadline, Server.Stack.NextDeadline));
            if (next > end)
            {
                Now = end;
                return done();
            }

            Now = Math.Max(Now, next);
            Turn();
        }

        return true;
    }

    public void Run(long duration) => RunUntil(() => false, duration);

    // All packets of one instant are one batch, as the loop of a program would take them.
    private void Turn()
    {
        while (_path.TryPeek(out _, out var due) && due.At <= Now)
        {
            var packet = _path.Dequeue();
            (packet.ToServer ? Server : Client).Stack.Input(packet.Buffer.AsSpan(0, packet.Length), Peer, Now);
            _free.Push(packet.Buffer);
        }

        Client.Stack.Tick(Now);
        Server.Stack.Tick(Now);
    }

    private void Carry(byte[] buffer, int length, bool toServer)
    {
        Packets++;
        if (Eats?.Invoke(toServer, buffer.AsMemory(0, length)) == true | (_random is not null && _random.NextDouble() * 100 < Loss))
        {
            _free.Push(buffer);
            return;
        }

        long delay = Delay;
        if (_random is not null && _random.NextDouble() * 100 < Reordering)
            delay += (long)(_random.NextDouble() * 2 * Delay);
        _path.Enqueue(new Packet(buffer, length, toServer), (Now + delay, _order++));
    }

    /// <summary>One end: a stack, its sink and its host, which accepts every SYN.</summary>
    internal sealed class End : IPacketSink, IFlowHost
    {
        private readonly TcpPair _pair;
        private readonly bool _toServer;
        private byte[] _rented = [];

        public End(TcpPair pair, StackOptions options, bool toServer)
        {
            _pair = pair;
            _toServer = toServer;
            Stack = new TcpStack(options, this, this);
        }

        public TcpStack Stack { get; }

        public List<TcpFlow> Flows { get; } = [];

        public List<CloseReason> Closed { get; } = [];

        public bool CanSend { get; set; } = true;

        /// <summary>What the target does with what arrives; by default it waits.</summary>
        public Action<TcpFlow> Readable { get; set; } = _ => { };

        public Action<TcpFlow> SendSpace { get; set; } = _ => { };

        public Action<TcpFlow> PeerFin { get; set; } = _ => { };

        Span<byte> IPacketSink.Rent(int peer, int length)
        {
            if (_rented.Length == 0)
                _rented = _pair._free.TryPop(out byte[]? buffer) ? buffer : new byte[2048];
            return _rented.AsSpan(0, length);
        }

        void IPacketSink.Commit(int peer, int length)
        {
            byte[] buffer = _rented;
            _rented = [];
            _pair.Carry(buffer, length, _toServer);
        }

        bool IPacketSink.CanSend(int peer) => CanSend;

        void IFlowHost.OnSyn(PendingSyn syn) => Flows.Add(syn.Accept()!);

        void IFlowHost.OnSynAbandoned(PendingSyn syn)
        {
        }

        void IFlowHost.OnConnected(TcpFlow flow)
        {
        }

        void IFlowHost.OnReadable(TcpFlow flow) => Readable(flow);

        void IFlowHost.OnSendSpace(TcpFlow flow) => SendSpace(flow);

        void IFlowHost.OnPeerFin(TcpFlow flow) => PeerFin(flow);

        void IFlowHost.OnPeerReset(TcpFlow flow)
        {
        }

        void IFlowHost.OnClosed(TcpFlow flow)
        {
            Closed.Add(flow.CloseReason);
            Flows.Remove(flow);
        }
    }

    private readonly record struct Packet(byte[] Buffer, int Length, bool ToServer);
}
