using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The rootless proxy: port forwards into a tunnel that ends in this process. One thread runs it.</summary>
internal sealed class ProxySession : IFlowHost, IDisposable
{
    private const int FirstEphemeralPort = 49152;

    private readonly EventLoop _loop = EventLoop.Open();
    private readonly ProxyTunnel _tunnel;
    private readonly List<ForwardListener> _listeners = [];
    private readonly IReadOnlyList<IpAddress> _sources;
    private ushort _nextPort = FirstEphemeralPort;

    /// <exception cref="NetworkException">A forward's port is in use, or no datagram socket is to be had.</exception>
    public ProxySession(StockConfiguration configuration, IpEndpoint relay, IReadOnlyList<PortForward> forwards)
    {
        _sources = configuration.Addresses;
        _tunnel = new ProxyTunnel(configuration, relay, _loop, this);
        foreach (var forward in forwards)
            _listeners.Add(new ForwardListener(forward, _loop, Open));
    }

    /// <summary>Raised on the loop's thread when the relay is reached (true) or given up (false).</summary>
    public Action<bool>? ReachedChanged
    {
        set => _tunnel.ReachedChanged = value;
    }

    /// <summary>Runs until it is cancelled.</summary>
    public void Run(CancellationToken cancellation)
    {
        using var registration = cancellation.Register(_loop.Wake);
        _tunnel.Start();
        _tunnel.EndTurn();
        while (!cancellation.IsCancellationRequested)
        {
            _loop.RunOnce(_tunnel.NextDeadline);
            _tunnel.EndTurn();
        }
    }

    public void OnSyn(PendingSyn syn) => syn.Reset();

    public void OnSynAbandoned(PendingSyn syn)
    {
    }

    public void OnConnected(TcpFlow flow) => (flow.State as ForwardedConnection)?.OnConnected(flow);

    public void OnReadable(TcpFlow flow) => (flow.State as ForwardedConnection)?.Pump();

    public void OnSendSpace(TcpFlow flow) => (flow.State as ForwardedConnection)?.Pump();

    public void OnPeerFin(TcpFlow flow) => (flow.State as ForwardedConnection)?.Pump();

    public void OnPeerReset(TcpFlow flow)
    {
        // OnClosed follows, and says all.
    }

    public void OnClosed(TcpFlow flow) => (flow.State as ForwardedConnection)?.OnClosed();

    public void Dispose()
    {
        foreach (var listener in _listeners)
            listener.Dispose();
        _tunnel.Dispose();
        _loop.Dispose();
    }

    private void Open(NonBlockingSocket local, PortForward forward)
    {
        _tunnel.BeginTurn();
        var source = _sources.FirstOrDefault(address => address.IsIpv4 == forward.Target.Address.IsIpv4);
        // A port that is still known to the stack is refused by it: the next one is tried.
        for (int attempt = 0; attempt < 64; attempt++)
        {
            var key = new FlowKey(6, source, NextPort(), forward.Target.Address, forward.Target.Port);
            if (_tunnel.Stack.Connect(key, 0, _tunnel.Now) is not { } flow)
                continue;
            flow.State = new ForwardedConnection(_loop, local);
            return;
        }

        local.Abort();
    }

    private ushort NextPort()
    {
        ushort port = _nextPort;
        _nextPort = port == ushort.MaxValue ? (ushort)FirstEphemeralPort : (ushort)(port + 1);
        return port;
    }
}
