using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Sends a numbered datagram every few milliseconds to an echo service and remembers when each came back.</summary>
internal sealed class Pulse : IEchoes, IDisposable
{
    private const int Capacity = 1 << 20;

    private readonly Socket _socket;
    private readonly TimeSpan _interval;
    private readonly Thread _sender;
    private readonly Thread _receiver;
    private readonly Lock _lock = new();
    private readonly List<double> _roundTrips = [];
    private readonly long[] _sentAt = new long[Capacity];
    private int _sentCount;
    private int _highest = -1;
    private int _reorderedCount;
    private long _lastAt = Stopwatch.GetTimestamp();
    private TimeSpan _longestGap;
    private volatile bool _stopped;

    public Pulse(NetworkNamespace host, string address, int port, int milliseconds = 5)
    {
        _interval = TimeSpan.FromMilliseconds(milliseconds);
        _socket = host.Enter(() =>
        {
            var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 200 };
            socket.Connect(IPAddress.Parse(address), port);
            return socket;
        });
        _sender = new Thread(Send) { IsBackground = true };
        _receiver = new Thread(Receive) { IsBackground = true };
        _sender.Start();
        _receiver.Start();
    }

    /// <summary>Time since the last echo.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(Interlocked.Read(ref _lastAt));

    public long SentCount => Volatile.Read(ref _sentCount);

    public long BackCount => Volatile.Read(ref _highest) + 1;

    /// <summary>Never: there is no connection that could end.</summary>
    public bool Ended => false;

    /// <summary>Starts to count anew.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _roundTrips.Clear();
            _longestGap = TimeSpan.Zero;
            _reorderedCount = 0;
            _lastAt = Stopwatch.GetTimestamp();
            FirstNumber = Volatile.Read(ref _sentCount);
        }
    }

    /// <summary>
    /// What was seen since the last reset, up to the last datagram that came back: those behind it may still be under way. Where nothing came back all are lost. Who asks
    /// for losses waits for an echo first, so that there is something behind them.
    /// </summary>
    public PulseReport Report()
    {
        lock (_lock)
        {
            double[] sorted = [.. _roundTrips.Order()];
            var gap = Age > _longestGap ? Age : _longestGap;
            int end = _highest >= FirstNumber ? _highest + 1 : Volatile.Read(ref _sentCount);
            return new PulseReport(end - FirstNumber, sorted.Length, _reorderedCount, gap, At(0.5), At(0.99));

            double At(double share) => sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _sender.Join();
        _receiver.Join();
        _socket.Dispose();
    }

    private int FirstNumber { get; set; }

    private void Send()
    {
        var datagram = new byte[100];
        for (int number = 0; !_stopped && number < Capacity; number++)
        {
            BinaryPrimitives.WriteInt32BigEndian(datagram, number);
            _sentAt[number] = Stopwatch.GetTimestamp();
            Volatile.Write(ref _sentCount, number + 1);
            try
            {
                _socket.Send(datagram);
            }
            catch (SocketException)
            {
                // Refused for the moment: it counts as lost.
                Thread.Sleep(1);
            }

            Thread.Sleep(_interval);
        }
    }

    private void Receive()
    {
        var datagram = new byte[100];
        while (!_stopped)
        {
            try
            {
                _socket.Receive(datagram);
            }
            catch (SocketException)
            {
                continue;
            }

            Note(BinaryPrimitives.ReadInt32BigEndian(datagram), Stopwatch.GetTimestamp());
        }
    }

    private void Note(int number, long now)
    {
        lock (_lock)
        {
            if (number < FirstNumber)
                return;
            if (number < _highest)
                _reorderedCount++;
            _highest = Math.Max(_highest, number);
            _roundTrips.Add(Stopwatch.GetElapsedTime(_sentAt[number], now).TotalMicroseconds);
            var gap = Stopwatch.GetElapsedTime(_lastAt, now);
            if (gap > _longestGap)
                _longestGap = gap;
            Interlocked.Exchange(ref _lastAt, now);
        }
    }
}
