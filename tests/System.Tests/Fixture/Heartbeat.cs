using System.Diagnostics;
using System.Net.Sockets;

namespace Keyhole.System.Tests;

/// <summary>Sends a byte every 20 ms over an echoing connection and remembers when bytes came back.</summary>
internal sealed class Heartbeat : IDisposable
{
    private readonly Socket _socket;
    private readonly Thread _sender;
    private readonly Thread _receiver;
    private long _lastTicks = DateTime.UtcNow.Ticks;
    private long _longestGapTicks;
    private volatile bool _stopped;

    public Heartbeat(Socket socket)
    {
        _socket = socket;
        _sender = new Thread(Send) { IsBackground = true };
        _receiver = new Thread(Receive) { IsBackground = true };
        _sender.Start();
        _receiver.Start();
    }

    /// <summary>When the last byte came back, UTC.</summary>
    public DateTime LastAt => new(Interlocked.Read(ref _lastTicks), DateTimeKind.Utc);

    public TimeSpan Age => DateTime.UtcNow - LastAt;

    /// <summary>The longest silence between two bytes so far.</summary>
    public TimeSpan LongestGap => TimeSpan.FromTicks(Interlocked.Read(ref _longestGapTicks));

    /// <summary>True once the connection was reset or closed by the other side.</summary>
    public bool Ended { get; private set; }

    public void Dispose() => _stopped = true;

    private void Send()
    {
        try
        {
            for (var clock = Stopwatch.StartNew(); !_stopped && clock.Elapsed < TimeSpan.FromMinutes(5); Thread.Sleep(20))
                _socket.Send("."u8);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Ended = true;
        }
    }

    private void Receive()
    {
        var buffer = new byte[4096];
        while (!_stopped)
        {
            try
            {
                if (_socket.Receive(buffer) == 0)
                    break;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TimedOut)
            {
                continue;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                break;
            }

            long now = DateTime.UtcNow.Ticks, gap = now - Interlocked.Exchange(ref _lastTicks, now);
            if (gap > Interlocked.Read(ref _longestGapTicks))
                Interlocked.Exchange(ref _longestGapTicks, gap);
        }

        Ended = true;
    }
}
