using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Proxy;

namespace Keyhole.Client;

/// <summary>An accepted local connection and its flow inside the tunnel. Nothing is answered to it before the target has answered.</summary>
internal class ForwardedConnection(ProxyFront front, NonBlockingSocket local) : IFlowOwner
{
    private SocketPump? _pump;
    private bool _isReleased;

    protected ProxyFront Front => front;

    protected NonBlockingSocket Local => local;

    /// <summary>Asks for a flow to a target that is granted; without room for one the local side is refused.</summary>
    public void Begin(in ProxyTarget target)
    {
        if (front.Find(target, IpProtocol.Tcp, out var source, out var endpoint) != TargetVerdict.Granted)
        {
            front.Counts.NotGranted++;
            End();
        }
        else if (front.Flows.Connect(source, endpoint, this) is null)
        {
            front.Counts.Busy++;
            End();
        }
    }

    public void OnConnected(TcpFlow flow)
    {
        if (!Answer(flow))
        {
            flow.Abort();
            return;
        }

        _pump = new SocketPump(front.Loop, local, flow);
        _pump.Pump();
    }

    public void OnProgress() => _pump?.Pump();

    public void OnClosed(TcpFlow flow)
    {
        if (_pump is null)
            Refuse(flow);
        else
            _pump.OnFlowClosed();
        Release();
    }

    /// <summary>The target has answered: the local side is told. False when it is gone.</summary>
    protected virtual bool Answer(TcpFlow flow) => true;

    /// <summary>The target was not reached: the local side is refused, too.</summary>
    protected virtual void Refuse(TcpFlow flow)
    {
        front.Counts.Unreachable++;
        local.Abort();
    }

    /// <summary>Gives back the place among the open connections.</summary>
    protected void Release()
    {
        if (_isReleased)
            return;
        _isReleased = true;
        front.Release();
    }

    /// <summary>Ends without a flow.</summary>
    private void End()
    {
        local.Abort();
        Release();
    }
}
