using System.Net;
using System.Net.Sockets;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Proxy;

namespace Keyhole.Client.Tests;

/// <summary>Two real connections of loopback, joined: what one end says the other hears, and how it ends.</summary>
[Collection(LoopbackPorts.Name)]
public class SocketBridgeTests : IDisposable
{
    private readonly EventLoop _loop = EventLoop.Open();
    private readonly Socket _left;
    private readonly Socket _right;
    private readonly Thread _thread;
    private volatile int _closed;
    private volatile bool _stopped;

    public SocketBridgeTests()
    {
        using var listener = NonBlockingListener.Open(new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0));
        _left = Connect(listener, out var first);
        _right = Connect(listener, out var second);
        _ = new SocketBridge(_loop, first, second, "early "u8, () => _closed++);
        _thread = new Thread(() =>
        {
            while (!_stopped)
                _loop.RunOnce(long.MaxValue);
        });
        _thread.Start();
    }

    [Fact]
    public void What_was_said_early_comes_first_and_each_way_ends_by_itself()
    {
        _left.Send("question"u8);
        _left.Shutdown(SocketShutdown.Send);
        Assert.Equal("early question", Text(_right));
        _right.Send("answer"u8);
        Assert.Equal(0, _closed);
        _right.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer", Text(_left));
        Assert.True(SpinWait.SpinUntil(() => _closed == 1, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Whoever_does_not_read_stops_the_other_and_gets_every_byte_later()
    {
        byte[] sent = new byte[40 << 20];
        new Random(1).NextBytes(sent);
        var sender = new Thread(() =>
        {
            for (int at = 0; at < sent.Length;)
                at += _left.Send(sent.AsSpan(at));
            _left.Shutdown(SocketShutdown.Send);
        });
        sender.Start();
        Assert.False(sender.Join(TimeSpan.FromMilliseconds(500)));
        byte[] received = Bytes(_right);
        sender.Join();
        Assert.True(received.AsSpan("early ".Length).SequenceEqual(sent));
    }

    [Fact]
    public void A_reset_passes_through()
    {
        _left.Send("x"u8);
        Assert.Equal(1, _right.Receive(new byte[1]));
        _left.LingerState = new LingerOption(true, 0);
        _left.Close();
        Assert.Throws<SocketException>(() => Bytes(_right));
        Assert.True(SpinWait.SpinUntil(() => _closed == 1, TimeSpan.FromSeconds(30)));
    }

    public void Dispose()
    {
        _stopped = true;
        _loop.Wake();
        _thread.Join();
        _left.Dispose();
        _right.Dispose();
        _loop.Dispose();
        GC.SuppressFinalize(this);
    }

    private static Socket Connect(NonBlockingListener listener, out NonBlockingSocket accepted)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000, ReceiveBufferSize = 64 << 10, SendBufferSize = 64 << 10 };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, listener.Local.Port));
        NonBlockingSocket? taken = null;
        Assert.True(SpinWait.SpinUntil(() => listener.TryAccept(out taken, out _), TimeSpan.FromSeconds(30)));
        accepted = taken!;
        return socket;
    }

    private static string Text(Socket socket) => System.Text.Encoding.ASCII.GetString(Bytes(socket));

    private static byte[] Bytes(Socket socket)
    {
        var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = socket.Receive(buffer)) > 0;)
            bytes.Write(buffer, 0, read);
        return bytes.ToArray();
    }
}
