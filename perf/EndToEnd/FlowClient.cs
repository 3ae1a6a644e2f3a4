using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>The phone's side of round trips and of short connections to an <see cref="EchoServer"/>.</summary>
internal static class FlowClient
{
    private const int Threads = 4;
    private const int ConnectionsPerThread = 4;

    /// <summary>Microseconds of one 64-byte exchange on an open connection, the median of many.</summary>
    internal static double RoundTrip(NetworkNamespace host, string address, int port, int count)
    {
        using var socket = host.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.NoDelay = true;
        socket.ReceiveTimeout = 5000;
        socket.Connect(IPAddress.Parse(address), port);
        byte[] bytes = new byte[64];
        var times = new List<double>(count);
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            socket.Send(bytes);
            for (int received = 0; received < bytes.Length;)
                received += socket.Receive(bytes, received, bytes.Length - received, SocketFlags.None);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return Contest.Median(times);
    }

    /// <summary>Connections per second: open, exchange one byte, end in order, from several threads with several connections each.</summary>
    internal static double FlowsPerSecond(NetworkNamespace host, string address, int port, TimeSpan duration)
    {
        long count = 0;
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, Threads).Select(_ => host.Enter(() =>
        {
            var thread = new Thread(() =>
            {
                while (clock.Elapsed < duration)
                    Interlocked.Add(ref count, Exchange(address, port));
            })
            { IsBackground = true };
            thread.Start();
            return thread;
        })).ToList();
        threads.ForEach(thread => thread.Join());
        return count / clock.Elapsed.TotalSeconds;
    }

    /// <summary>Several connections abreast on one thread, in step.</summary>
    private static int Exchange(string address, int port)
    {
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        var sockets = new Socket[ConnectionsPerThread];
        int done = 0;
        try
        {
            for (int i = 0; i < sockets.Length; i++)
            {
                sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
                Try(() => sockets[i].Connect(target));
            }

            byte[] one = new byte[1];
            foreach (var socket in sockets)
            {
                if (!socket.Poll(2_000_000, SelectMode.SelectWrite) || !socket.Connected)
                    continue;
                socket.Blocking = true;
                socket.ReceiveTimeout = 2000;
                socket.Send(one);
            }

            foreach (var socket in sockets.Where(socket => socket.Connected))
            {
                if (socket.Receive(one) == 1)
                    done++;
            }
        }
        catch (SocketException)
        {
            // What failed does not count.
        }
        finally
        {
            foreach (var socket in sockets)
                socket?.Dispose();
        }

        return done;
    }

    private static void Try(Action connect)
    {
        try
        {
            connect();
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
    }
}
