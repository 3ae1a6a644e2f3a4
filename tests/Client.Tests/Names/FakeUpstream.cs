using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Keyhole.Client.Tests.Names;

/// <summary>A name server on loopback, on UDP and TCP, that answers what the test says and remembers what it was asked.</summary>
internal sealed class FakeUpstream : IDisposable
{
    private readonly Socket _datagrams;
    private readonly Socket _listener;

    public FakeUpstream()
    {
        // The port that is free for datagrams may be in use for connections.
        while (true)
        {
            _datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            try
            {
                _listener.Bind(_datagrams.LocalEndPoint!);
                break;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                Dispose();
            }
        }

        Endpoint = (IPEndPoint)_datagrams.LocalEndPoint!;
        _listener.Listen();
        _ = ServeDatagramsAsync();
        _ = ServeConnectionsAsync();
    }

    public IPEndPoint Endpoint { get; }

    public ConcurrentQueue<(byte[] Query, IPEndPoint Source)> Asked { get; } = [];

    /// <summary>From a query to the datagrams that are sent back.</summary>
    public Func<byte[], IEnumerable<byte[]>> Answers { get; set; } = query => [Response(query)];

    /// <summary>A response without records, or with filling behind them.</summary>
    public static byte[] Response(byte[] query, int length = 0)
    {
        byte[] response = new byte[Math.Max(query.Length, length)];
        query.CopyTo(response, 0);
        response[2] |= 0x80;
        return response;
    }

    public void Dispose()
    {
        _datagrams.Dispose();
        _listener.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                byte[] query = buffer[..received.ReceivedBytes];
                Asked.Enqueue((query, (IPEndPoint)received.RemoteEndPoint));
                foreach (byte[] answer in Answers(query))
                    await _datagrams.SendToAsync(answer, received.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    private async Task ServeConnectionsAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptAsync();
                using var stream = new NetworkStream(connection);
                byte[] length = new byte[2];
                await stream.ReadExactlyAsync(length);
                byte[] query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query);
                Asked.Enqueue((query, (IPEndPoint)connection.RemoteEndPoint!));
                byte[] answer = Answers(query).First();
                await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            return;
        }
    }
}
