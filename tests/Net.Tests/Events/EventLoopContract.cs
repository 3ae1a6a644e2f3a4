using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>What every event loop and its sockets do.</summary>
public abstract class EventLoopContract : IDisposable
{
    private const long Patience = 5_000_000;

    private readonly EventLoop _loop;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    protected EventLoopContract(NetBackend backend)
    {
        _loop = EventLoop.Open(backend);
        Backend = backend;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    protected NetBackend Backend { get; }

    private IpEndpoint ListenerAt => Endpoint((IPEndPoint)_listener.LocalEndPoint!);

    [Fact]
    public void The_wait_ends_at_the_deadline()
    {
        long start = MonotonicClock.Now;

        Assert.Equal(0, _loop.RunOnce(start + 20_000));
        Assert.InRange(MonotonicClock.Now - start, 19_000, 2_000_000);
    }

    [Fact]
    public void A_deadline_in_the_past_does_not_wait()
    {
        long start = MonotonicClock.Now;
        _loop.RunOnce(0);
        Assert.InRange(MonotonicClock.Now - start, 0, 500_000);
    }

    [Fact]
    public void Posted_work_ends_the_wait_and_runs_on_the_loop()
    {
        int ranOn = 0;
        var poster = new Thread(() =>
        {
            Thread.Sleep(20);
            _loop.Post(() => ranOn = Environment.CurrentManagedThreadId);
        });
        poster.Start();

        RunUntil(() => ranOn != 0);

        Assert.Equal(Environment.CurrentManagedThreadId, ranOn);
        poster.Join();
    }

    [Fact]
    public void No_posted_action_is_lost_under_a_storm()
    {
        const int Threads = 4;
        const int Each = 5000;
        int ran = 0;
        var posters = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
                _loop.Post(() => ran++);
        })).ToArray();
        foreach (var poster in posters)
            poster.Start();

        RunUntil(() => ran == Threads * Each);

        foreach (var poster in posters)
            poster.Join();
        Assert.Equal(Threads * Each, ran);
    }

    [Fact]
    public void A_wake_between_two_waits_ends_the_next_one()
    {
        _loop.Wake();
        long start = MonotonicClock.Now;
        _loop.RunOnce(start + Patience);
        Assert.InRange(MonotonicClock.Now - start, 0, Patience / 2);
    }

    [Fact]
    public void A_connection_is_made_and_carries_bytes_both_ways()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        connected.Socket.Send([1, 2, 3], out var fault);
        Assert.True(fault.IsNone);
        var buffer = new byte[10];
        Assert.Equal(3, accepted.Receive(buffer));
        accepted.Send([7, 8]);

        connected.Await(Readiness.Read);

        Assert.Equal(2, connected.Socket.Receive(buffer, out fault));
        Assert.Equal(7, buffer[0]);
        Assert.Equal(-1, connected.Socket.Receive(buffer, out fault));
        Assert.True(fault.IsWouldBlock);
    }

    [Fact]
    public void A_refused_connection_says_so()
    {
        var nobody = UnusedPort();
        if (!_loop.TryConnectTcp(nobody, out var socket, out var fault))
        {
            Assert.Equal(SocketFaultKind.ConnectionRefused, fault.Kind);
            return;
        }

        using var watched = new Watched(_loop, socket, Readiness.Write);
        watched.Await(Readiness.Write);

        Assert.Equal(SocketFaultKind.ConnectionRefused, socket.TakeError().Kind);
    }

    [Fact]
    public void The_end_of_the_stream_is_0_and_the_other_direction_goes_on()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        accepted.Shutdown(SocketShutdown.Send);
        connected.Await(Readiness.Read);

        Assert.Equal(0, connected.Socket.Receive(new byte[4], out var fault));
        Assert.True(fault.IsNone);
        Assert.Equal(1, connected.Socket.Send([5], out _));
        Assert.Equal(1, accepted.Receive(new byte[4]));
    }

    [Fact]
    public void ShutdownSend_is_seen_as_the_end_and_reading_goes_on()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        connected.Socket.ShutdownSend();

        Assert.Equal(0, accepted.Receive(new byte[4]));
        accepted.Send([3]);
        connected.Await(Readiness.Read);
        Assert.Equal(1, connected.Socket.Receive(new byte[4], out _));
    }

    [Fact]
    public void Abort_resets_the_peer()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        _loop.Remove(connected.Socket);
        connected.Socket.Abort();

        var e = Assert.Throws<SocketException>(() => accepted.Receive(new byte[4]));
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
    }

    [Fact]
    public void A_reset_by_the_peer_is_a_fault()
    {
        using var connected = Connect();
        var accepted = _listener.Accept();
        accepted.LingerState = new LingerOption(true, 0);
        accepted.Dispose();
        connected.Await(Readiness.Read);

        Assert.Equal(-1, connected.Socket.Receive(new byte[4], out var fault));
        Assert.Equal(SocketFaultKind.ConnectionReset, fault.Kind);
    }

    [Fact]
    public void A_full_send_buffer_is_would_block_and_then_ready_again()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        var block = new byte[1 << 16];
        long queued = 0;
        int sent;
        while ((sent = connected.Socket.Send(block, out var fault)) > 0)
            queued += sent;
        connected.SetInterest(Readiness.Write);
        Assert.Equal(Readiness.None, connected.Turn(20_000));

        var reader = new Thread(() =>
        {
            for (long got = 0; got < queued;)
                got += accepted.Receive(new byte[1 << 16]);
        });
        reader.Start();

        connected.Await(Readiness.Write);
        reader.Join();
    }

    [Fact]
    public void Interest_decides_what_is_reported()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        accepted.Send([1]);

        connected.SetInterest(Readiness.None);
        Assert.Equal(Readiness.None, connected.Turn(20_000));
        connected.SetInterest(Readiness.Write);
        Assert.Equal(Readiness.Write, connected.Turn(Patience));
        connected.SetInterest(Readiness.Read);
        Assert.Equal(Readiness.Read, connected.Turn(Patience));
        Assert.Equal(Readiness.Read, connected.Turn(Patience));
    }

    [Fact]
    public void A_broken_socket_without_interest_is_silent()
    {
        using var connected = Connect();
        connected.SetInterest(Readiness.None);
        var accepted = _listener.Accept();
        accepted.LingerState = new LingerOption(true, 0);
        accepted.Dispose();

        Assert.Equal(Readiness.None, connected.Turn(50_000));
        connected.SetInterest(Readiness.Read);
        connected.Await(Readiness.Read);
        Assert.Equal(SocketFaultKind.ConnectionReset, connected.Socket.TakeError().Kind);
    }

    [Fact]
    public void A_socket_removed_by_a_handler_of_the_same_turn_is_not_reported()
    {
        using var first = Connect();
        using var second = Connect();
        using var firstPeer = _listener.Accept();
        using var secondPeer = _listener.Accept();
        first.OnReadyAction = () => _loop.Remove(second.Socket);
        second.OnReadyAction = () => _loop.Remove(first.Socket);
        first.SetInterest(Readiness.Write);
        second.SetInterest(Readiness.Write);
        first.Clear();
        second.Clear();

        for (int turn = 0; turn < 3; turn++)
            _loop.RunOnce(MonotonicClock.Now + 10_000);

        Assert.True(first.Seen == Readiness.None ^ second.Seen == Readiness.None);
    }

    [Fact]
    public void Registering_twice_is_the_callers_fault()
    {
        using var connected = Connect();
        Assert.Throws<InvalidOperationException>(() => _loop.Add(connected.Socket, Readiness.Read, connected));
    }

    [Fact]
    public void Connected_udp_carries_datagrams_and_reports_a_closed_port()
    {
        using var echo = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        echo.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.True(_loop.TryConnectUdp(Endpoint((IPEndPoint)echo.LocalEndPoint!), out var socket, out _));
        using var watched = new Watched(_loop, socket, Readiness.Read);
        socket.Send([1, 2], out _);
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal(2, echo.ReceiveFrom(new byte[9], ref from));
        Assert.Equal(socket.Local.Port, ((IPEndPoint)from).Port);
        echo.SendTo([9], from);
        watched.Await(Readiness.Read);
        Assert.Equal(1, socket.Receive(new byte[9], out _));

        echo.Dispose();
        socket.Send([1], out _);
        watched.Clear();
        watched.Await(Readiness.Read);
        Assert.Equal(-1, socket.Receive(new byte[9], out var fault));
        Assert.Equal(SocketFaultKind.ConnectionRefused, fault.Kind);
    }

    [Fact]
    public void Bytes_and_turns_allocate_nothing()
    {
        using var connected = Connect();
        using var accepted = _listener.Accept();
        var buffer = new byte[512];
        long allocated = 0;
        for (int round = 0; round < 300; round++)
        {
            accepted.Send(buffer);
            long before = GC.GetAllocatedBytesForCurrentThread();
            connected.Clear();
            connected.Await(Readiness.Read);
            connected.SetInterest(Readiness.Read | Readiness.Write);
            int received = connected.Socket.Receive(buffer, out _);
            connected.Socket.Send(buffer.AsSpan(0, received), out _);
            connected.SetInterest(Readiness.Read);
            if (round >= 100)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            accepted.Receive(buffer);
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_datagram_socket_can_be_waited_for()
    {
        using var receiver = DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend });
        using var received = ReceiveBatch.For(receiver);
        using var sent = new SendBatch(4, 1024);
        using var watched = new Watched(_loop, receiver, Readiness.Read);
        sent.TryCopy(new IpEndpoint(IpAddress.Parse("127.0.0.1"), receiver.Local.Port), [1]);
        receiver.Send(sent);

        watched.Await(Readiness.Read);

        Assert.Equal(1, receiver.Receive(received, 0));
        Assert.Equal(0, receiver.Receive(received, 0));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _loop.Dispose();
        GC.SuppressFinalize(this);
    }

    private static IpEndpoint Endpoint(IPEndPoint endpoint) => new(IpAddress.From(endpoint.Address), (ushort)endpoint.Port);

    private static IpEndpoint UnusedPort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return Endpoint((IPEndPoint)probe.LocalEndPoint!);
    }

    private void RunUntil(Func<bool> done)
    {
        long end = MonotonicClock.Now + Patience;
        while (!done() && MonotonicClock.Now < end)
            _loop.RunOnce(end);
    }

    private Watched Connect()
    {
        Assert.True(_loop.TryConnectTcp(ListenerAt, out var socket, out _));
        var watched = new Watched(_loop, socket, Readiness.Write);
        watched.Await(Readiness.Write);
        Assert.True(socket.TakeError().IsNone);
        watched.SetInterest(Readiness.Read);
        watched.Clear();
        return watched;
    }
}
