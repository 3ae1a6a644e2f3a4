using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>
/// Our stack as the only neighbour of a Linux host: a TUN device in its namespace, an emulated link, and a thread that owns the stack.
/// <code>
///   namespace:  application | kernel TCP | tun0 10.9.0.2, fd09::2
///                                           |  LinkQueue each way
///   this process:             TcpStack | 10.9.0.1, fd09::1 (and every other address of the two networks)
/// </code>
/// </summary>
internal sealed class StackHost : IPacketSink, IFlowHost, IReadinessHandler, IDisposable
{
    public const ushort UploadPort = 5001, DownloadPort = 5002, RefusedPort = 5003, UnreachablePort = 5004, ResetPort = 5005;
    public const int Peer = 1;

    public static readonly IpAddress Ours4 = IpAddress.Parse("10.9.0.1"), Theirs4 = IpAddress.Parse("10.9.0.2");
    public static readonly IpAddress Ours6 = IpAddress.Parse("fd09::1"), Theirs6 = IpAddress.Parse("fd09::2");

    private const int PacketsPerTurn = 256;

    private readonly EventLoop _loop = EventLoop.Open(NetBackend.Linux);
    private readonly TunDevice _device;
    private readonly LinkQueue _in;
    private readonly LinkQueue _out;
    private readonly byte[] _received = new byte[65_536];
    private readonly byte[] _sent = new byte[65_536];
    private readonly Thread _thread;
    private ushort _port = 20_000;
    private volatile bool _stop;

    public StackHost(NetworkNamespace host, LinkConditions conditions, StackOptions? options = null, int mtu = 1_420)
    {
        _device = LinkEmulator.OpenTun(host, "tun0", mtu < 1_280 ? ["10.9.0.2/16"] : ["10.9.0.2/16", "fd09::2/64"], mtu);
        host.Ip("link", "set", "tun0", "txqueuelen", "10000");
        _in = new LinkQueue(conditions);
        _out = new LinkQueue(conditions with { Seed = conditions.Seed + 1 });
        options ??= new StackOptions { Secret = Wire.Bytes(32) };
        Stack = new TcpStack(options with { Mtu = mtu }, this, this);
        _thread = new Thread(Serve) { Name = "stack", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Belongs to the thread of the stack while it runs.</summary>
    public TcpStack Stack { get; }

    public LinkQueue FromKernel => _in;

    public LinkQueue ToKernel => _out;

    /// <summary>Opens a connection to the namespace's host and runs an application on it.</summary>
    public void Connect(FlowApplication application, ushort port, bool ipv6 = false) => _loop.Post(() =>
    {
        var key = new FlowKey(IpProtocol.Tcp, ipv6 ? Ours6 : Ours4, ++_port, ipv6 ? Theirs6 : Theirs4, port);
        var flow = Stack.Connect(key, Peer, MonotonicClock.Now);
        if (flow is null)
        {
            application.OnClosed(CloseReason.Aborted);
            return;
        }

        flow.State = application;
        application.Flow = flow;
    });

    /// <summary>Asks something of the stack on its own thread.</summary>
    public T Ask<T>(Func<TcpStack, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() => answer.SetResult(question(Stack)));
        return answer.Task.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _stop = true;
        _loop.Wake();
        _thread.Join();
        _loop.Dispose();
        _device.Dispose();
    }

    void IReadinessHandler.OnReady(Readiness readiness)
    {
        for (int i = 0; i < PacketsPerTurn; i++)
        {
            int length = _device.Read(_received, out _);
            if (length <= 0)
                return;
            _in.Enqueue(_received.AsSpan(0, length), MonotonicClock.Now);
        }
    }

    Span<byte> IPacketSink.Rent(int peer, int length) => _sent.AsSpan(0, length);

    void IPacketSink.Commit(int peer, int length) => _out.Enqueue(_sent.AsSpan(0, length), MonotonicClock.Now);

    bool IPacketSink.CanSend(int peer) => true;

    void IFlowHost.OnSyn(PendingSyn syn)
    {
        FlowApplication? application = syn.Key.DestinationPort switch
        {
            UploadPort or ResetPort => new UploadSink(),
            DownloadPort => new DownloadSource(),
            _ => null,
        };
        if (application is not null && syn.Accept() is { } flow)
        {
            flow.State = application;
            application.Flow = flow;
            return;
        }

        if (syn.Key.DestinationPort == UnreachablePort)
            syn.Unreachable(UnreachableCode.Host);
        else
            syn.Reset();
    }

    void IFlowHost.OnSynAbandoned(PendingSyn syn)
    {
    }

    void IFlowHost.OnConnected(TcpFlow flow)
    {
        if (flow.Key.DestinationPort == ResetPort)
            flow.Abort();
        else
            ((FlowApplication)flow.State!).Run();
    }

    void IFlowHost.OnReadable(TcpFlow flow) => ((FlowApplication)flow.State!).Run();

    void IFlowHost.OnSendSpace(TcpFlow flow) => ((FlowApplication)flow.State!).Run();

    void IFlowHost.OnPeerFin(TcpFlow flow) => ((FlowApplication)flow.State!).Run();

    void IFlowHost.OnPeerReset(TcpFlow flow)
    {
    }

    void IFlowHost.OnClosed(TcpFlow flow) => ((FlowApplication)flow.State!).OnClosed(flow.CloseReason);

    private void Serve()
    {
        _loop.Add(_device, Readiness.Read, this);
        while (!_stop)
        {
            _loop.RunOnce(Math.Min(Stack.NextDeadline, Math.Min(_in.NextDeadline, _out.NextDeadline)));
            while (_in.TryDequeue(MonotonicClock.Now, out var packet))
                Stack.Input(packet, Peer, MonotonicClock.Now);
            if (Stack.NextDeadline <= MonotonicClock.Now)
                Stack.Tick(MonotonicClock.Now);
            else
                Stack.Flush(MonotonicClock.Now);
            while (_out.TryDequeue(MonotonicClock.Now, out var packet))
                _device.Write(packet, out _);
        }
    }
}
