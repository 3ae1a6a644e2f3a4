using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// TCP in user space as a calculation (RFC 9293): IP packets and time in, IP packets, calls to the host and one deadline out. Not
/// thread-safe: one thread owns a stack. A turn of the owner's loop is Input for each packet of the batch, whatever the targets'
/// sockets gave and took, then Flush; and Tick when <see cref="NextDeadline"/> has come.
/// </summary>
public sealed partial class TcpStack
{
    // A process that was suspended wakes far behind its deadlines. The stack's own clock leaves such gaps out, so that its timers go on
    // from where they stood instead of all expiring at once.
    private const long SuspendedAfter = 10_000_000;

    // A sink that said no is asked again after this long, in case nobody calls Flush.
    private const long BlockedRetry = 1_000;

    private readonly ConnectionTable _table;
    private readonly TimeWaitTable _timeWait;
    private readonly SipHash _sequenceHash;
    private readonly SipHash _timestampHash;
    private readonly Queue<TcpFlow> _dirty = new();
    private readonly List<TcpFlow> _blocked = [];
    private readonly Dictionary<int, PeerAccount> _accounts = [];
    private readonly List<PendingSyn> _abandoned = [];
    private readonly Stack<TcpFlow> _pool = new();
    private readonly List<TcpFlow> _closed = [];
    private readonly Stack<OutOfOrderStore> _stores = new();
    private long _now;
    private long _suspended;

    /// <exception cref="ArgumentException">The secret does not have 32 bytes, or a size or limit makes no sense.</exception>
    public TcpStack(StackOptions options, IPacketSink sink, IFlowHost host)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentNullException.ThrowIfNull(host);
        options.Validate();
        Options = options;
        Sink = sink;
        Host = host;
        var secret = options.Secret.Span;
        _sequenceHash = new SipHash(secret);
        _timestampHash = new SipHash(secret[16..]);
        ulong tableKey = _timestampHash.Hash("table"u8);
        _table = new ConnectionTable(tableKey);
        _timeWait = new TimeWaitTable(options.MaximumTimeWait, options.TimeWait, tableKey);
        Budget = new BufferBudget(options.BufferBudget, options.BufferBudgetPerPeer);
        Slabs = new SlabPool(Budget);
        Rings = new SegmentRingPool(Budget);
    }

    public StackCounters Counters { get; } = new();

    /// <summary>Flows that exist, those of incomplete handshakes included.</summary>
    public int FlowCount { get; private set; }

    /// <summary>SYNs that wait for the host.</summary>
    public int PendingCount { get; private set; }

    /// <summary>Connections remembered in TIME-WAIT.</summary>
    public int TimeWaitCount => _timeWait.Count;

    /// <summary>Bytes of <see cref="StackOptions.BufferBudget"/> in use.</summary>
    public long BufferBytes => Budget.Used;

    internal StackOptions Options { get; }

    internal IPacketSink Sink { get; }

    internal IFlowHost Host { get; }

    internal BufferBudget Budget { get; }

    internal SlabPool Slabs { get; }

    internal SegmentRingPool Rings { get; }

    internal Wheel Wheel { get; } = new();

    // Where the headers of a burst are prepared.
    internal byte[] Scratch { get; } = new byte[Ipv6Header.Length + TcpHeader.MaximumLength];

    /// <summary>
    /// One packet from a peer: TCP over IPv4 or IPv6, not a fragment, its source address already checked against the peer; or an
    /// ICMP error that quotes such a packet. Anything else is counted and ignored.
    /// </summary>
    /// <param name="peer">The caller's number for the peer; flows of one number share its budgets.</param>
    /// <param name="now">Monotonic microseconds.</param>
    public void Input(ReadOnlySpan<byte> packet, int peer, long now)
    {
        now = Advance(now);
        if (!IpView.TryParse(packet, out var ip) || ip.IsFragment)
            Counters.Drop(DropReason.Malformed);
        else if (ip.Protocol == IpProtocol.Tcp)
            InputTcp(ip, peer, now);
        else
            InputIcmp(ip, peer, now);
    }

    /// <summary>Sends what the packets since the last call and the host's calls made due: acknowledgements, data, windows, resets.</summary>
    public void Flush(long now) => Serve(Advance(now));

    /// <summary>When Tick is to be called, in the time of <see cref="Input"/>; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline
    {
        get
        {
            if (_dirty.Count > 0)
                return _now + _suspended;
            long deadline = NextTimer;
            if (_blocked.Count > 0)
                deadline = Math.Min(deadline, _now + BlockedRetry);
            return deadline == long.MaxValue ? deadline : deadline + _suspended;
        }
    }

    /// <summary>Lets the timers that are due run, and sends what they caused.</summary>
    public void Tick(long now)
    {
        now = Advance(now);
        while (Wheel.TryExpire(now, out var connection))
            connection!.Expire(now);
        _timeWait.Expire(now);
        Serve(now);
    }

    /// <summary>
    /// Opens a connection from the stack: SYN goes out at the next Flush. The key is that of the SYN. Null when the key is in use or
    /// a limit is reached.
    /// </summary>
    /// <exception cref="ArgumentException">The key is not one of TCP, or mixes address families.</exception>
    public TcpFlow? Connect(in FlowKey key, int peer, long now)
    {
        if (key.Protocol != IpProtocol.Tcp || key.Source.IsIpv4 != key.Destination.IsIpv4)
            throw new ArgumentException("A connection needs a TCP key of one address family.", nameof(key));
        return OpenActive(key, peer, AccountOf(peer), Advance(now));
    }

    /// <summary>Resets every flow of the peer and forgets its pending SYNs and budgets: it was revoked or removed.</summary>
    public void RemovePeer(int peer, long now)
    {
        now = Advance(now);
        if (!_accounts.Remove(peer, out var account))
            return;
        for (var flow = account.First; flow is not null; flow = flow.NextOfPeer)
            flow.Abort(CloseReason.PeerRemoved);
        _table.CollectPending(peer, _abandoned);
        foreach (var syn in _abandoned)
            Abandon(syn);
        _abandoned.Clear();
        _timeWait.RemovePeer(peer);
        Serve(now);
    }

    /// <summary>What the way to the peer carries has fallen: its flows follow at the next Flush, and what is in flight in longer packets is sent again.</summary>
    public void PathChanged(int peer)
    {
        if (!_accounts.TryGetValue(peer, out var account))
            return;
        for (var flow = account.First; flow is not null; flow = flow.NextOfPeer)
            MarkDirty(flow);
    }

    private long NextTimer => Math.Min(Wheel.NextDeadline, _timeWait.NextDeadline);

    /// <summary>The stack's own time: never back, and without the gaps of a suspended process.</summary>
    private long Advance(long now)
    {
        now -= _suspended;
        if (now - _now > SuspendedAfter && _now != 0)
        {
            long late = now - Math.Max(_now, NextTimer);
            if (late > SuspendedAfter)
            {
                _suspended += late;
                now -= late;
            }
        }

        return _now = Math.Max(_now, now);
    }

    private void InputTcp(in IpView ip, int peer, long now)
    {
        if (!TcpView.TryParse(ip.Payload, out var view) || !Segment.TryParse(view, out var segment) || view.SourcePort == 0 || view.DestinationPort == 0)
        {
            Counters.Drop(DropReason.Malformed);
            return;
        }

        var source = ip.Source;
        var destination = ip.Destination;
        if (Options.VerifyChecksums && !view.IsChecksumValid(source, destination))
        {
            Counters.Drop(DropReason.Checksum);
            return;
        }

        Counters.SegmentsReceived++;
        var key = new FlowKey(IpProtocol.Tcp, source, view.SourcePort, destination, view.DestinationPort);
        var connection = _table.Find(key);
        if (connection is null)
            InputWithoutConnection(key, view, segment, peer, now);
        else if (connection.Peer != peer)
            Counters.Drop(DropReason.WrongPeer);
        else if (connection is TcpFlow flow)
            TcpInput.Receive(flow, segment, view, now);
        else
            InputPending((PendingSyn)connection, view, segment);
    }

    private void InputIcmp(in IpView ip, int peer, long now)
    {
        if (!IcmpErrorView.TryParse(ip, out var error) || error.Flow.Protocol != IpProtocol.Tcp)
            Counters.Drop(DropReason.Malformed);
        else if (_table.Find(error.Flow.Reverse()) is TcpFlow flow && flow.Peer == peer)
            TcpIcmp.Receive(flow, error, now);
        else
            Counters.Drop(DropReason.ForeignIcmp);
    }
}
