using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Proxy;

namespace Keyhole.Client;

/// <summary>An accepted local connection whose flow inside the tunnel is being opened. Nothing is read from it before the target answered.</summary>
internal sealed class ForwardedConnection(EventLoop loop, NonBlockingSocket local)
{
    private SocketPump? _pump;

    public void OnConnected(TcpFlow flow)
    {
        _pump = new SocketPump(loop, local, flow);
        _pump.Pump();
    }

    public void Pump() => _pump?.Pump();

    /// <summary>The flow is gone. Refused before it was connected: the local side is refused, too.</summary>
    public void OnClosed()
    {
        if (_pump is null)
            local.Abort();
        else
            _pump.OnFlowClosed();
    }
}
