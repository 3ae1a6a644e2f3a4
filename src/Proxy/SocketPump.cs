using Keyhole.Net;
using Keyhole.NetStack;

namespace Keyhole.Proxy;

/// <summary>
/// Moves bytes between a TCP flow and a socket, on the thread of the loop. Bytes go straight from slab to system and back;
/// whoever is slower stops the other through its window. Ends and resets cross over as what they are: FIN as FIN, RST as RST.
/// </summary>
public sealed class SocketPump : IReadinessHandler
{
    private readonly EventLoop _loop;
    private readonly NonBlockingSocket _socket;
    private readonly TcpFlow _flow;

    private bool _socketFinished;
    private bool _socketShut;
    private bool _isClosed;

    /// <summary>Takes over the socket, registered with the loop already or not, and the flow, whose State is the owner's.</summary>
    public SocketPump(EventLoop loop, NonBlockingSocket socket, TcpFlow flow)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _loop = loop;
        _socket = socket;
        _flow = flow;
        loop.Add(socket, Readiness.None, this);
    }

    /// <summary>The flow has bytes, space or an end for us.</summary>
    public void Pump()
    {
        if (_isClosed)
            return;
        if (!CopyToSocket() || !CopyToFlow())
        {
            // The socket broke: the flow's peer sees a reset, not an orderly end.
            CloseSocket(orderly: false);
            _flow.Abort();
            return;
        }

        if (_socketShut && _socketFinished)
        {
            // Both directions ended: the flow finishes by itself.
            CloseSocket(orderly: true);
            return;
        }

        var interest = Readiness.None;
        if (!_socketFinished && _flow.SendSpace > 0)
            interest |= Readiness.Read;
        if (_flow.ReceiveLength > 0)
            interest |= Readiness.Write;
        _loop.SetInterest(_socket, interest);
    }

    public void OnReady(Readiness readiness) => Pump();

    /// <summary>The flow is gone; the socket goes too, with a reset unless both directions had ended.</summary>
    public void OnFlowClosed() => CloseSocket(_flow.CloseReason == CloseReason.Finished);

    /// <summary>Resets both sides.</summary>
    public void Abort()
    {
        if (_isClosed)
            return;
        CloseSocket(orderly: false);
        _flow.Abort();
    }

    /// <summary>False when the socket broke.</summary>
    private bool CopyToSocket()
    {
        while (_flow.PeekReceive() is { Length: > 0 } bytes)
        {
            int sent = _socket.Send(bytes, out var fault);
            if (sent < 0)
                return fault.IsWouldBlock;
            _flow.Consume(sent);
            if (sent < bytes.Length)
                return true;
        }

        if (_flow.ReceiveFinished && !_socketShut)
        {
            _socketShut = true;
            _socket.ShutdownSend();
        }

        return true;
    }

    /// <summary>False when the socket broke.</summary>
    private bool CopyToFlow()
    {
        while (!_socketFinished && _flow.GetSendSpan() is { Length: > 0 } space)
        {
            int received = _socket.Receive(space, out var fault);
            if (received <= 0)
                _flow.Commit(0);
            if (received < 0)
                return fault.IsWouldBlock;
            if (received == 0)
            {
                _socketFinished = true;
                _flow.CloseSend();
                return true;
            }

            _flow.Commit(received);
            if (received < space.Length)
                return true;
        }

        return true;
    }

    private void CloseSocket(bool orderly)
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _loop.Remove(_socket);
        if (orderly)
            _socket.Dispose();
        else
            _socket.Abort();
    }
}
