using Keyhole.Net;

namespace Keyhole.Proxy;

/// <summary>
/// Moves bytes between two sockets, on the thread of the loop, each way through one buffer: whoever is slower stops the other. Ends and resets cross
/// over as what they are.
/// </summary>
public sealed class SocketBridge : IReadinessHandler
{
    private readonly EventLoop _loop;
    private readonly NonBlockingSocket _first;
    private readonly NonBlockingSocket _second;
    private readonly BridgeDirection _there;
    private readonly BridgeDirection _back;
    private readonly Action _closed;
    private bool _isClosed;

    /// <summary>Takes over both sockets, neither of which is registered with the loop.</summary>
    /// <param name="early">What the first socket has said already, for the second; at most <see cref="BridgeDirection.BufferLength"/> bytes.</param>
    /// <param name="closed">Called once, when both sockets are closed.</param>
    public SocketBridge(EventLoop loop, NonBlockingSocket first, NonBlockingSocket second, ReadOnlySpan<byte> early, Action closed)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        _loop = loop;
        _first = first;
        _second = second;
        _there = new BridgeDirection(first, second, early);
        _back = new BridgeDirection(second, first, default);
        _closed = closed;
        loop.Add(first, Readiness.Read, this);
        loop.Add(second, Readiness.Read | Readiness.Write, this);
    }

    public void OnReady(Readiness readiness)
    {
        if (_isClosed)
            return;
        if (!_there.Move() || !_back.Move())
        {
            Close(orderly: false);
            return;
        }

        if (_there.IsFinished && _back.IsFinished)
        {
            Close(orderly: true);
            return;
        }

        _loop.SetInterest(_first, Interest(_there, _back));
        _loop.SetInterest(_second, Interest(_back, _there));
    }

    private static Readiness Interest(BridgeDirection from, BridgeDirection to) =>
        (from.WantsRead ? Readiness.Read : Readiness.None) | (to.WantsWrite ? Readiness.Write : Readiness.None);

    private void Close(bool orderly)
    {
        _isClosed = true;
        foreach (var socket in new[] { _first, _second })
        {
            _loop.Remove(socket);
            if (orderly)
                socket.Dispose();
            else
                socket.Abort();
        }

        _closed();
    }
}
