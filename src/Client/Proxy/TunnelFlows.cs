using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// Flows from this process into a tunnel: TCP and UDP in user space, for a client without an interface. They are opened from here only; what the tunnel
/// brings unasked is refused. One thread owns it.
/// </summary>
internal sealed class TunnelFlows : IFlowHost, IUdpFlowHost
{
    public const int MaximumTcpFlows = 4096;
    public const int MaximumUdpFlows = 4096;

    private const int Tunnel = 0;
    private const int FirstPort = 49152;
    private const int PortCount = ushort.MaxValue + 1 - FirstPort;
    private const int PortAttempts = 64;

    /// <summary>SYNs after 0, 1, 3, 7 and 15 s; 31 s until a target that says nothing is given up.</summary>
    private const int SynRetransmissions = 4;

    private readonly TcpStack _tcp;
    private readonly UdpFlowTable _udp;
    private readonly Reassembler _reassembler = new(new ReassemblerOptions());
    private readonly HashSet<TcpFlow> _tcpFlows = [];
    private readonly HashSet<UdpFlow> _udpFlows = [];
    private int _nextPort;

    /// <param name="sink">Takes packets for the tunnel; the peer is always 0.</param>
    /// <param name="mtu">The largest packet that the tunnel carries, in bytes.</param>
    /// <param name="bufferBudget">What all TCP flows may hold in memory, in bytes; without it 256 MiB, or a quarter of the memory where that is less.</param>
    public TunnelFlows(IPacketSink sink, int mtu, long? bufferBudget = null)
    {
        byte[] secret = new byte[48];
        RandomSource.System.Fill(secret);
        long budget = bufferBudget ?? Math.Min(256L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
        _tcp = new TcpStack(
            new StackOptions
            {
                Secret = secret.AsMemory(0, 32),
                Mtu = mtu,
                MaximumFlows = MaximumTcpFlows,
                MaximumFlowsPerPeer = MaximumTcpFlows,
                BufferBudget = budget,
                BufferBudgetPerPeer = budget,
                MaximumSynRetransmissions = SynRetransmissions,
            },
            sink,
            this);
        _udp = new UdpFlowTable(
            new DatagramLimits { HashKey = BitConverter.ToUInt64(secret, 32), Mtu = mtu, MaximumFlows = MaximumUdpFlows, MaximumFlowsPerPeer = MaximumUdpFlows },
            sink,
            this);
        // Where the last run of the program began, targets may still know its connections.
        _nextPort = BitConverter.ToUInt16(secret, 40);
    }

    public int TcpCount => _tcpFlows.Count;

    public int UdpCount => _udpFlows.Count;

    /// <summary>What TCP flows hold in memory, in bytes.</summary>
    public long BufferBytes => _tcp.BufferBytes;

    /// <summary>When <see cref="Tick"/> is to be called.</summary>
    public long NextDeadline => Math.Min(_tcp.NextDeadline, Math.Min(_udp.NextDeadline, _reassembler.NextDeadline));

    /// <summary>The time of the turn that runs, in monotonic microseconds.</summary>
    public long Now { get; private set; } = MonotonicClock.Now;

    /// <summary>A handler of a socket runs: the turn has a time of its own.</summary>
    public void BeginTurn() => Now = MonotonicClock.Now;

    /// <summary>Opens a connection from one of the client's own addresses; null when too many are open.</summary>
    public TcpFlow? Connect(IpAddress source, in IpEndpoint target, IFlowOwner owner)
    {
        // A port that the stack still knows is refused by it: the next one is tried.
        for (int attempt = 0; attempt < PortAttempts; attempt++)
        {
            if (_tcp.Connect(new FlowKey(IpProtocol.Tcp, source, NextPort(), target.Address, target.Port), Tunnel, Now) is not { } flow)
                continue;
            flow.State = owner;
            _tcpFlows.Add(flow);
            return flow;
        }

        return null;
    }

    /// <summary>A port of this side that was not given out for a while.</summary>
    public ushort NextPort() => (ushort)(FirstPort + _nextPort++ % PortCount);

    /// <summary>The open UDP flow of this owner's with these ends; null when there is none, or another's.</summary>
    public UdpFlow? Find(IpAddress source, ushort port, in IpEndpoint target, IDatagramOwner owner) =>
        _udp.FindActive(new FlowKey(IpProtocol.Udp, source, port, target.Address, target.Port), Tunnel) is { } flow && ReferenceEquals(flow.State, owner) ? flow : null;

    /// <summary>Opens a UDP flow; of too many the oldest one that nobody answered ends. Null when no port is to be had.</summary>
    /// <param name="port">The port of this side; a new one where a flow with these ends is open already, since ports come round again.</param>
    public UdpFlow? Open(IpAddress source, ref ushort port, in IpEndpoint target, IDatagramOwner owner)
    {
        for (int attempt = 0; attempt < PortAttempts; attempt++)
        {
            if (_udp.Connect(new FlowKey(IpProtocol.Udp, source, port, target.Address, target.Port), Tunnel, Now) is { } flow)
            {
                flow.State = owner;
                _udpFlows.Add(flow);
                return flow;
            }

            port = NextPort();
        }

        return null;
    }

    /// <summary>Sends a datagram to the target; false when it is too long.</summary>
    public bool Send(UdpFlow flow, ReadOnlySpan<byte> payload) => _udp.Reply(flow, payload, Now);

    public void Close(UdpFlow flow) => _udp.Close(flow);

    /// <summary>One packet that the tunnel brought, to an address of this client.</summary>
    public void Input(ReadOnlySpan<byte> packet, long now)
    {
        Now = now;
        if (!IpView.TryParse(packet, out var view))
            return;
        if (!view.IsFragment)
            Dispatch(view, now);
        else if (_reassembler.TryAdd(view, Tunnel, now, out var whole) && IpView.TryParse(whole, out var assembled))
            Dispatch(assembled, now);
    }

    /// <summary>The way of some flows carries less than before: they follow at the next <see cref="Flush"/>.</summary>
    public void PathChanged() => _tcp.PathChanged(Tunnel);

    /// <summary>Sends what came together; at the end of every turn.</summary>
    public void Flush(long now)
    {
        Now = now;
        _tcp.Flush(now);
    }

    public void Tick(long now)
    {
        Now = now;
        _tcp.Tick(now);
        _udp.Tick(now);
        _reassembler.Tick(now);
    }

    /// <summary>Resets what the policy does not allow any more.</summary>
    /// <returns>Flows that ended.</returns>
    public int Cut(ITargetPolicy policy)
    {
        var tcp = _tcpFlows.Where(flow => !Allows(policy, flow.Key)).ToList();
        var udp = _udpFlows.Where(flow => !Allows(policy, flow.Key.Reverse())).ToList();
        foreach (var flow in tcp)
            flow.Abort();
        foreach (var flow in udp)
            _udp.Close(flow);
        return tcp.Count + udp.Count;
    }

    void IFlowHost.OnSyn(PendingSyn syn) => syn.Reset();

    void IFlowHost.OnSynAbandoned(PendingSyn syn)
    {
        // It was reset: nothing was begun.
    }

    void IFlowHost.OnConnected(TcpFlow flow) => (flow.State as IFlowOwner)?.OnConnected(flow);

    void IFlowHost.OnReadable(TcpFlow flow) => (flow.State as IFlowOwner)?.OnProgress();

    void IFlowHost.OnSendSpace(TcpFlow flow) => (flow.State as IFlowOwner)?.OnProgress();

    void IFlowHost.OnPeerFin(TcpFlow flow) => (flow.State as IFlowOwner)?.OnProgress();

    void IFlowHost.OnPeerReset(TcpFlow flow)
    {
        // OnClosed follows, and says all.
    }

    void IFlowHost.OnClosed(TcpFlow flow)
    {
        _tcpFlows.Remove(flow);
        (flow.State as IFlowOwner)?.OnClosed(flow);
    }

    bool IUdpFlowHost.OnOpening(UdpFlow flow) => false;

    void IUdpFlowHost.OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload) => (flow.State as IDatagramOwner)?.OnDatagram(flow, payload);

    void IUdpFlowHost.OnClosed(UdpFlow flow)
    {
        _udpFlows.Remove(flow);
        (flow.State as IDatagramOwner)?.OnClosed(flow);
    }

    private static bool Allows(ITargetPolicy policy, in FlowKey key) =>
        policy.Find(key.Destination, key.Protocol, key.DestinationPort, out var source) == TargetVerdict.Granted && source == key.Source;

    private void Dispatch(in IpView packet, long now)
    {
        if (packet.Protocol == IpProtocol.Udp)
            _udp.Input(packet, Tunnel, now);
        else if (packet.Protocol != IpProtocol.Tcp && IcmpErrorView.TryParse(packet, out var error) && error.Flow.Protocol == IpProtocol.Udp)
            _udp.InputError(error, Tunnel);
        else
            _tcp.Input(packet.Packet, Tunnel, now);
    }
}
