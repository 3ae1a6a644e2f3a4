using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests;

/// <summary>
/// The proxy with real sockets on loopback, and a tunnel that leads to a second stack of this process, which stands for the connector.
/// <code>
/// test's sockets ── ProxyFront ── TunnelFlows ══ packets ══ TcpStack, UdpFlowTable: the target, by its port
/// </code>
/// </summary>
internal sealed class ProxyWorld : IFlowHost, IUdpFlowHost, IDisposable
{
    public const string Alias = "web.acme.internal";
    public const string Target = "192.168.1.20";
    public const ushort Echo = 80;
    public const ushort Refused = 81;
    public const ushort NoNetwork = 82;
    public const ushort NoHost = 83;
    public const ushort Prohibited = 84;
    public const ushort Silent = 85;

    /// <summary>Accepts, and then loses all that it is sent.</summary>
    public const ushort Lossy = 86;

    /// <summary>Answers when <see cref="Accept"/> says so.</summary>
    public const ushort Held = 87;
    public const ushort UdpEcho = 9000;

    private readonly EventLoop _loop = EventLoop.Open();
    private readonly Wire _outward;
    private readonly Wire _inward;
    private readonly TcpStack _tcp;
    private readonly UdpFlowTable _udp;
    private readonly Reassembler _reassembler = new(new ReassemblerOptions());
    private readonly Thread _thread;
    private PendingSyn? _held;
    private Exception? _failure;
    private volatile bool _stopped;

    /// <param name="bufferBudget">What the proxy's TCP flows may hold, in bytes; null for what it takes by itself.</param>
    public ProxyWorld(ProxyOptions? options = null, long? bufferBudget = null)
    {
        _outward = new Wire(Arrive);
        _inward = new Wire((packet, now) => Flows!.Input(packet, now));
        Flows = new TunnelFlows(_outward, 1280, bufferBudget);
        Front = new ProxyFront(_loop, Flows, options ?? new ProxyOptions { Listen = new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0) });
        _tcp = new TcpStack(new StackOptions { Secret = new byte[32], Mtu = 1280, SynRate = 100_000, SynBurst = 100_000, MaximumPendingPerPeer = 4096 }, _inward, this);
        _udp = new UdpFlowTable(new DatagramLimits { HashKey = 1, Mtu = 1280 }, _inward, this);
        Front.Follow(Granted());
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public TunnelFlows Flows { get; }

    public ProxyFront Front { get; }

    /// <summary>UDP payloads that arrived at the target.</summary>
    public int DatagramsArrived { get; private set; }

    /// <summary>Ports of the senders of UDP payloads.</summary>
    public HashSet<ushort> DatagramSenders { get; } = [];

    /// <summary>What the client 1 was granted: the target's TCP ports 80 to 89 and one UDP port.</summary>
    public static GrantedTargets Granted()
    {
        var table = new Table
        {
            Revision = 1,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10"],
            Peers = [new PeerRow(1, PeerKind.Machine, "laptop", null, null, ["100.64.0.2", "fd00::2"], null, false, false)],
            Resources = [new ResourceRow(1, 1, "web", Target, ["100.96.0.1/32", "fd00::1:1/128"], Alias, [new PortRange(80, 89)], [new PortRange(UdpEcho, UdpEcho)], false)],
            Grants = [new GrantRow(1, [1], [])],
        };
        return GrantedTargets.Compile(table, 1, ClientRoster.Compile(table, 1));
    }

    /// <summary>Runs something on the thread of the proxy.</summary>
    public T Invoke<T>(Func<T> action)
    {
        var result = new TaskCompletionSource<T>();
        _loop.Post(() => result.SetResult(action()));
        Assert.True(result.Task.Wait(TimeSpan.FromSeconds(30)), $"the loop answers: {_failure}");
        return result.Task.Result;
    }

    /// <summary>Waits, generously, until something holds on the proxy's thread.</summary>
    public void Until(string what, Func<bool> condition)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !Invoke(condition); Thread.Sleep(5))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"in vain: {what}");
    }

    /// <summary>A connection to the proxy's port.</summary>
    public Socket Connect() => Connect(Invoke(() => Front.Listen!.Value));

    public static Socket Connect(in IpEndpoint endpoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000, NoDelay = true };
        socket.Connect(new IPEndPoint(endpoint.Address.ToIPAddress(), endpoint.Port));
        return socket;
    }

    /// <summary>The target at <see cref="Held"/> answers, when it was asked.</summary>
    public void Accept()
    {
        Until("the target is asked", () => _held is not null);
        Invoke(() => _held!.Accept());
    }

    public void Dispose()
    {
        _stopped = true;
        _loop.Wake();
        _thread.Join();
        Front.Dispose();
        _loop.Dispose();
        Assert.Null(_failure);
    }

    void IFlowHost.OnSyn(PendingSyn syn)
    {
        switch (syn.Key.DestinationPort)
        {
            case Echo or Lossy:
                syn.Accept();
                break;
            case Refused:
                syn.Reset();
                break;
            case Held:
                _held = syn;
                break;
            case Silent:
                syn.Drop();
                break;
            default:
                syn.Unreachable(syn.Key.DestinationPort switch { NoNetwork => UnreachableCode.Network, NoHost => UnreachableCode.Host, _ => UnreachableCode.Prohibited });
                break;
        }
    }

    void IFlowHost.OnSynAbandoned(PendingSyn syn)
    {
    }

    void IFlowHost.OnConnected(TcpFlow flow)
    {
    }

    void IFlowHost.OnReadable(TcpFlow flow) => Return(flow);

    void IFlowHost.OnSendSpace(TcpFlow flow) => Return(flow);

    void IFlowHost.OnPeerFin(TcpFlow flow) => Return(flow);

    void IFlowHost.OnPeerReset(TcpFlow flow)
    {
    }

    void IFlowHost.OnClosed(TcpFlow flow)
    {
    }

    bool IUdpFlowHost.OnOpening(UdpFlow flow) => true;

    void IUdpFlowHost.OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload)
    {
        DatagramsArrived++;
        DatagramSenders.Add(flow.Key.SourcePort);
        _udp.Reply(flow, payload, MonotonicClock.Now);
    }

    void IUdpFlowHost.OnClosed(UdpFlow flow)
    {
    }

    private static void Return(TcpFlow flow)
    {
        while (flow.PeekReceive() is { Length: > 0 } bytes && flow.GetSendSpan() is { Length: > 0 } space)
        {
            int length = Math.Min(bytes.Length, space.Length);
            bytes[..length].CopyTo(space);
            flow.Commit(length);
            flow.Consume(length);
        }

        if (flow.ReceiveFinished)
            flow.CloseSend();
    }

    private void Arrive(ReadOnlySpan<byte> packet, long now)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        if (view.IsFragment)
        {
            if (_reassembler.TryAdd(view, 1, now, out var whole))
                Arrive(whole, now);
            return;
        }

        if (view.Protocol == IpProtocol.Udp)
            _udp.Input(view, 1, now);
        else if (!(TcpView.TryParse(view.Payload, out var tcp) && tcp.DestinationPort == Lossy && tcp.Payload.Length > 0))
            _tcp.Input(packet, 1, now);
    }

    private void Run()
    {
        try
        {
            while (!_stopped)
            {
                bool isBusy = _outward.IsBusy || _inward.IsBusy;
                _loop.RunOnce(isBusy ? 0 : Math.Min(Front.NextDeadline, Math.Min(Flows.NextDeadline, _tcp.NextDeadline)));
                long now = MonotonicClock.Now;
                _outward.Deliver(now);
                _inward.Deliver(now);
                _tcp.Tick(now);
                Flows.Tick(now);
                Front.Tick(now);
                Flows.Flush(now);
                Front.Flush();
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    /// <summary>Packets on their way in one direction.</summary>
    private sealed class Wire(Wire.Receiver receiver) : IPacketSink
    {
        private readonly Queue<byte[]> _packets = new();
        private byte[] _packet = [];

        public delegate void Receiver(ReadOnlySpan<byte> packet, long now);

        public bool IsBusy => _packets.Count > 0;

        public Span<byte> Rent(int peer, int length) => _packet = new byte[length];

        public void Commit(int peer, int length) => _packets.Enqueue(_packet[..length]);

        public bool CanSend(int peer) => true;

        public void Deliver(long now)
        {
            while (_packets.TryDequeue(out byte[]? packet))
                receiver(packet, now);
        }
    }
}
