using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>The proxy on a stock configuration: port forwards into a tunnel that ends in this process. One thread runs it.</summary>
internal sealed class ProxySession : IDisposable
{
    private readonly EventLoop _loop = EventLoop.Open();
    private readonly ProxyTunnel _tunnel;
    private readonly ProxyFront _front;

    /// <exception cref="NetworkException">A forward's port is in use, or no datagram socket is to be had.</exception>
    public ProxySession(StockConfiguration configuration, IpEndpoint relay, IReadOnlyList<PortForward> forwards)
    {
        _tunnel = new ProxyTunnel(configuration, relay, _loop);
        _front = new ProxyFront(_loop, _tunnel.Flows, new ProxyOptions { Forwards = forwards });
        _front.Follow(new AllowedTargets(configuration));
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
            _loop.RunOnce(Math.Min(_tunnel.NextDeadline, _front.NextDeadline));
            _front.Tick(MonotonicClock.Now);
            _tunnel.EndTurn();
            _front.Flush();
        }
    }

    public void Dispose()
    {
        _front.Dispose();
        _tunnel.Dispose();
        _loop.Dispose();
    }
}
