using Keyhole.Net;

namespace Keyhole.Client;

/// <summary>The listening end of one <see cref="PortForward"/>.</summary>
internal sealed class ForwardListener : IReadinessHandler, IDisposable
{
    private readonly EventLoop _loop;
    private readonly NonBlockingListener _listener;
    private readonly Action<NonBlockingSocket, PortForward> _accepted;

    public ForwardListener(PortForward forward, EventLoop loop, Action<NonBlockingSocket, PortForward> accepted)
    {
        Forward = forward;
        _loop = loop;
        _accepted = accepted;
        _listener = NonBlockingListener.Open(forward.Listen);
        loop.Add(_listener, Readiness.Read, this);
    }

    public PortForward Forward { get; }

    public void OnReady(Readiness readiness)
    {
        while (_listener.TryAccept(out var socket, out _))
            _accepted(socket, Forward);
    }

    public void Dispose()
    {
        _loop.Remove(_listener);
        _listener.Dispose();
    }
}
