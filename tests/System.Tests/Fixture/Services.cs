using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>TCP and UDP services on a host of the lab: sockets of this process that live in the host's namespace.</summary>
internal static class Services
{
    /// <summary>
    /// Milliseconds without a byte that end a transfer. A kernel's TCP that loses every fifth packet, and some of them several times, waits up to two minutes
    /// before it tries again.
    /// </summary>
    private const int TransferTimeout = 240_000;

    /// <summary>Seconds for a connection that is to be made. Where it is not, a second is enough, and where it is tried again and again, two.</summary>
    private const double Patience = 60;

    /// <summary>
    /// A TCP service: the caller sends one line. "get N SEED": N pseudo-random bytes come back. "put": everything up to the end is
    /// read and its SHA-256 comes back in hex. "echo": every byte comes back at once. "who": the caller's address comes back.
    /// </summary>
    public static IDisposable Tcp(NetworkNamespace host, string address, int port)
    {
        var listener = host.Enter(() =>
        {
            var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            socket.Listen(1024);
            return socket;
        });
        _ = AcceptAll(listener);
        return listener;
    }

    /// <summary>A UDP service that sends every datagram back.</summary>
    public static IDisposable UdpEcho(NetworkNamespace host, string address, int port)
    {
        var socket = host.Enter(() =>
        {
            var bound = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            bound.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            return bound;
        });
        _ = EchoAll(socket);
        return socket;
    }

    /// <summary>Opens a TCP connection from a host, or throws.</summary>
    public static Socket Connect(NetworkNamespace host, string address, int port) => Connect(host, address, port, TimeSpan.FromSeconds(Patience));

    /// <summary>Opens a TCP connection from a host in that time, or throws.</summary>
    public static Socket Connect(NetworkNamespace host, string address, int port, TimeSpan timeout) => host.Enter(() =>
    {
        var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (!socket.ConnectAsync(IPAddress.Parse(address), port).Wait(timeout))
                throw new TimeoutException($"{address}:{port} did not answer within {timeout.TotalSeconds:F1} s.");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    });

    /// <summary>The first address that a program on the host gets for a name; null when there is none.</summary>
    public static string? Resolve(NetworkNamespace host, string name)
    {
        var (status, output, _) = LabProcess.Execute("ip", "netns", "exec", host.Name, "getent", "ahostsv4", name);
        return status == 0 ? output.Split(' ')[0] : null;
    }

    /// <summary>True when a connection is made and a byte comes back in time.</summary>
    public static bool Reaches(NetworkNamespace host, string address, int port, double seconds = Patience)
    {
        try
        {
            using var socket = Connect(host, address, port, TimeSpan.FromSeconds(seconds));
            socket.ReceiveTimeout = (int)(seconds * 1000);
            socket.Send("echo\nx"u8);
            return socket.Receive(new byte[1]) == 1;
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException or AggregateException)
        {
            return false;
        }
    }

    /// <summary>What the service says of who called it.</summary>
    public static string Who(NetworkNamespace host, string address, int port)
    {
        using var socket = Connect(host, address, port);
        socket.Send("who\n"u8);
        var buffer = new byte[100];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer)).Trim();
    }

    /// <summary>Fetches N bytes and compares their SHA-256 with what was sent.</summary>
    public static bool Download(NetworkNamespace host, string address, int port, long bytes, int seed)
    {
        using var socket = Connect(host, address, port);
        socket.ReceiveTimeout = TransferTimeout;
        socket.Send(Encoding.ASCII.GetBytes($"get {bytes} {seed}\n"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        long total = 0;
        for (int length; (length = socket.Receive(buffer)) > 0; total += length)
            hash.AppendData(buffer, 0, length);
        return total == bytes && hash.GetHashAndReset().AsSpan().SequenceEqual(Expected(bytes, seed));
    }

    /// <summary>Sends N bytes and compares the SHA-256 that the service computed.</summary>
    public static bool Upload(NetworkNamespace host, string address, int port, long bytes, int seed)
    {
        using var socket = Connect(host, address, port);
        (socket.SendTimeout, socket.ReceiveTimeout) = (TransferTimeout, TransferTimeout);
        socket.Send("put\n"u8);
        foreach (var chunk in Chunks(bytes, seed))
            socket.Send(chunk.Span);
        socket.Shutdown(SocketShutdown.Send);
        var buffer = new byte[200];
        int length = 0;
        for (int read; (read = socket.Receive(buffer.AsSpan(length))) > 0;)
            length += read;
        return Encoding.ASCII.GetString(buffer, 0, length) == Convert.ToHexString(Expected(bytes, seed));
    }

    private static byte[] Expected(long bytes, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var chunk in Chunks(bytes, seed))
            hash.AppendData(chunk.Span);
        return hash.GetHashAndReset();
    }

    /// <summary>A stream that no shift, repetition or swap of parts leaves equal, at memory speed.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Chunks(long bytes, int seed)
    {
        var block = new byte[1 << 18];
        new Random(seed).NextBytes(block);
        for (long at = 0; at < bytes; at += block.Length)
        {
            BitConverter.TryWriteBytes(block, at);
            yield return block.AsMemory(0, (int)Math.Min(block.Length, bytes - at));
        }
    }

    private static async Task AcceptAll(Socket listener)
    {
        try
        {
            while (true)
                _ = Serve(await listener.AcceptAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    private static async Task Serve(Socket socket)
    {
        using var _ = socket;
        try
        {
            socket.NoDelay = true;
            var buffer = new byte[1 << 18];
            int length = 0;
            while (Array.IndexOf(buffer, (byte)'\n', 0, length) < 0)
            {
                int read = await socket.ReceiveAsync(buffer.AsMemory(length));
                if (read == 0)
                    return;
                length += read;
            }

            int end = Array.IndexOf(buffer, (byte)'\n', 0, length) + 1;
            var words = Encoding.ASCII.GetString(buffer, 0, end).Trim().Split(' ');
            await (words[0] switch
            {
                "get" => Give(socket, long.Parse(words[1]), int.Parse(words[2])),
                "put" => Take(socket, buffer, end, length),
                "who" => socket.SendAsync(Encoding.ASCII.GetBytes($"{((IPEndPoint)socket.RemoteEndPoint!).Address}\n")).ContinueWith(_ => { }, TaskScheduler.Default),
                _ => Echo(socket, buffer, end, length),
            });
        }
        catch (SocketException)
        {
            return;
        }
    }

    private static async Task Give(Socket socket, long bytes, int seed)
    {
        foreach (var chunk in Chunks(bytes, seed))
            for (int sent = 0; sent < chunk.Length;)
                sent += await socket.SendAsync(chunk[sent..]);
        socket.Shutdown(SocketShutdown.Send);
        await socket.ReceiveAsync(new byte[1]);
    }

    private static async Task Take(Socket socket, byte[] buffer, int start, int length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(buffer, start, length - start);
        while ((length = await socket.ReceiveAsync(buffer)) > 0)
            hash.AppendData(buffer, 0, length);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Convert.ToHexString(hash.GetHashAndReset())));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task Echo(Socket socket, byte[] buffer, int start, int length)
    {
        if (length > start)
            await socket.SendAsync(buffer.AsMemory(start, length - start));
        while ((length = await socket.ReceiveAsync(buffer)) > 0)
            await socket.SendAsync(buffer.AsMemory(0, length));
    }

    private static async Task EchoAll(Socket socket)
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                await socket.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), received.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return;
        }
    }
}
