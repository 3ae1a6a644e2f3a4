using System.Diagnostics;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Sends a byte every 20 ms over an echoing connection, until it is disposed, and counts those that came back.</summary>
internal sealed class Heartbeat : IEchoes, IDisposable
{
    private readonly Socket _socket;
    private readonly Thread _sender;
    private readonly Thread _receiver;
    private long _sentCount;
    private long _backCount;
    private long _lastAt = Stopwatch.GetTimestamp();
    private TimeSpan _longestGap;
    private volatile bool _ended;
    private volatile bool _stopped;

    private Heartbeat(Socket socket)
    {
        _socket = socket;
        _sender = new Thread(Send) { IsBackground = true };
        _receiver = new Thread(Receive) { IsBackground = true };
        _sender.Start();
        _receiver.Start();
    }

    public long SentCount => Interlocked.Read(ref _sentCount);

    public long BackCount => Interlocked.Read(ref _backCount);

    /// <summary>The longest silence between two bytes so far.</summary>
    public TimeSpan LongestGap => _longestGap;

    /// <summary>True once the connection was reset or closed by the other side.</summary>
    public bool Ended => _ended;

    /// <summary>Opens a connection to a <see cref="Services.Tcp"/> that ends with the heartbeat.</summary>
    public static Heartbeat Open(NetworkNamespace host, string address, int port)
    {
        var socket = Services.Connect(host, address, port);
        socket.Send("echo\n"u8);
        return new Heartbeat(socket);
    }

    public void Dispose()
    {
        _stopped = true;
        _socket.Dispose();
    }

    private void Send()
    {
        try
        {
            for (; !_stopped; Thread.Sleep(20))
            {
                Interlocked.Increment(ref _sentCount);
                _socket.Send("."u8);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            _ended = true;
        }
    }

    private void Receive()
    {
        var buffer = new byte[4096];
        try
        {
            for (int length; !_stopped && (length = _socket.Receive(buffer)) > 0;)
            {
                var gap = Stopwatch.GetElapsedTime(_lastAt);
                if (gap > _longestGap)
                    _longestGap = gap;
                _lastAt = Stopwatch.GetTimestamp();
                Interlocked.Add(ref _backCount, length);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Reset, or given up: said below.
        }

        _ended = true;
    }
}
