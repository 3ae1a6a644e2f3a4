using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Keyhole.Lab;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>The same transfers with the kernel's TCP: sockets of this process that live in a namespace.</summary>
internal sealed class KernelPeer(NetworkNamespace host, string congestion = "cubic")
{
    private const int Chunk = 65_536;
    private const int TcpLevel = 6, CongestionOption = 13;

    public static byte[] DigestOf(long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[16_384];
        for (long at = 0; at < length; at += chunk.Length)
        {
            var now = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - at));
            Simulation.Noise.Write(now, 0, at);
            hash.AppendData(now);
        }

        return hash.GetHashAndReset();
    }

    public Socket Connect(IPAddress address, int port)
    {
        var socket = host.Enter(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            socket.ReceiveTimeout = socket.SendTimeout = 120_000;
            socket.NoDelay = true;
            Choose(socket);
            socket.Connect(address, port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends, closes its side, and returns the digest that the other side answers.</summary>
    public byte[] Upload(IPAddress address, long length, int port = StackHost.UploadPort)
    {
        using var socket = Connect(address, port);
        Pour(socket, length);
        socket.Shutdown(SocketShutdown.Send);
        byte[] digest = new byte[SHA256.HashSizeInBytes];
        int read = 0;
        for (int now; read < digest.Length && (now = socket.Receive(digest, read, digest.Length - read, SocketFlags.None)) > 0; read += now)
        {
        }

        Assert.Equal(digest.Length, read);
        Assert.Equal(0, socket.Receive(new byte[1]));
        return digest;
    }

    /// <summary>Asks for bytes and returns the digest of what came until the end, and how many they were.</summary>
    public (byte[] Digest, long Length) Download(IPAddress address, long length, int port = StackHost.DownloadPort, TimeSpan? atMost = null)
    {
        using var socket = Connect(address, port);
        byte[] request = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(request, length);
        socket.Send(request);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[Chunk];
        long total = 0;
        var clock = Stopwatch.StartNew();
        for (int now; (now = socket.Receive(chunk)) > 0 && !(clock.Elapsed > atMost); total += now)
            hash.AppendData(chunk, 0, now);
        return (hash.GetHashAndReset(), total);
    }

    /// <summary>Uploads for a time; returns what the other side took in bytes, by what the socket took.</summary>
    public long UploadFor(IPAddress address, TimeSpan duration, int port = StackHost.UploadPort)
    {
        using var socket = Connect(address, port);
        byte[] chunk = new byte[Chunk];
        socket.SendBufferSize = 512 << 10;
        long total = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration;)
            total += socket.Send(chunk);
        socket.LingerState = new LingerOption(true, 0);
        return total;
    }

    /// <summary>Serves uploads and downloads on two ports until the test ends.</summary>
    public IDisposable Serve(int uploadPort, int downloadPort)
    {
        var uploads = Listen(uploadPort, AnswerUpload);
        var downloads = Listen(downloadPort, AnswerDownload);
        return new Listeners(uploads, downloads);
    }

    private static void Pour(Socket socket, long length)
    {
        byte[] chunk = new byte[16_384];
        for (long at = 0; at < length; at += chunk.Length)
        {
            int now = (int)Math.Min(chunk.Length, length - at);
            Simulation.Noise.Write(chunk.AsSpan(0, now), 0, at);
            for (int sent = 0; sent < now;)
                sent += socket.Send(chunk, sent, now - sent, SocketFlags.None);
        }
    }

    private static void AnswerUpload(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[Chunk];
        for (int now; (now = socket.Receive(chunk)) > 0;)
            hash.AppendData(chunk, 0, now);
        socket.Send(hash.GetHashAndReset());
        socket.Shutdown(SocketShutdown.Send);
    }

    private static void AnswerDownload(Socket socket)
    {
        byte[] request = new byte[sizeof(long)];
        for (int read = 0; read < request.Length;)
        {
            int now = socket.Receive(request, read, request.Length - read, SocketFlags.None);
            if (now == 0)
                return;
            read += now;
        }

        Pour(socket, BinaryPrimitives.ReadInt64BigEndian(request));
        socket.Shutdown(SocketShutdown.Send);
    }

    private Socket Listen(int port, Action<Socket> serve)
    {
        var listener = host.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        listener.DualMode = true;
        Choose(listener);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(512);
        new Thread(() => Accept(listener, serve)) { IsBackground = true, Name = $"kernel server {port}" }.Start();
        return listener;
    }

    // By socket: which controller a namespace may make its default is a setting of the whole machine.
    private void Choose(Socket socket) => socket.SetRawSocketOption(TcpLevel, CongestionOption, Encoding.ASCII.GetBytes(congestion));

    private static void Accept(Socket listener, Action<Socket> serve)
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                new Thread(() => Serve(socket, serve)) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // The listener was closed: the test is over.
        }
    }

    private static void Serve(Socket socket, Action<Socket> serve)
    {
        using (socket)
        {
            socket.ReceiveTimeout = socket.SendTimeout = 120_000;
            socket.NoDelay = true;
            try
            {
                serve(socket);
            }
            catch (SocketException)
            {
                // The other side went away: it says so itself.
            }
        }
    }

    private sealed class Listeners(Socket uploads, Socket downloads) : IDisposable
    {
        public void Dispose()
        {
            uploads.Dispose();
            downloads.Dispose();
        }
    }
}
