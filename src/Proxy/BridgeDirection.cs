using Keyhole.Net;

namespace Keyhole.Proxy;

/// <summary>One direction of a <see cref="SocketBridge"/>.</summary>
internal sealed class BridgeDirection
{
    public const int BufferLength = 16 << 10;

    /// <summary>Buffers moved before other sockets have their turn.</summary>
    private const int MovesPerTurn = 16;

    private readonly NonBlockingSocket _from;
    private readonly NonBlockingSocket _to;
    private readonly byte[] _buffer = new byte[BufferLength];
    private int _start;
    private int _length;
    private bool _hasEnded;

    public BridgeDirection(NonBlockingSocket from, NonBlockingSocket to, ReadOnlySpan<byte> early)
    {
        _from = from;
        _to = to;
        early.CopyTo(_buffer);
        _length = early.Length;
    }

    /// <summary>Everything up to the end has been passed on, and the end, too.</summary>
    public bool IsFinished { get; private set; }

    public bool WantsRead => _length == 0 && !_hasEnded;

    public bool WantsWrite => _length > 0;

    /// <summary>Passes on what there is; false when one of the sockets broke.</summary>
    public bool Move()
    {
        for (int count = 0; count < MovesPerTurn && !IsFinished; count++)
        {
            if (_length == 0)
            {
                int received = _from.Receive(_buffer, out var fault);
                if (received < 0)
                    return fault.IsWouldBlock;
                (_start, _length, _hasEnded) = (0, received, received == 0);
            }

            if (_hasEnded)
            {
                IsFinished = true;
                _to.ShutdownSend();
                return true;
            }

            int sent = _to.Send(_buffer.AsSpan(_start, _length), out var refusal);
            if (sent < 0)
                return refusal.IsWouldBlock;
            _start += sent;
            _length -= sent;
            if (_length > 0)
                return true;
        }

        return true;
    }
}
