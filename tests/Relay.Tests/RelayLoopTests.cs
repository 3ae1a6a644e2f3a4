using System.Buffers.Binary;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay.Tests;

/// <summary>The data threads over real sockets of loopback, with a forwarding table that the test has filled.</summary>
public sealed class RelayLoopTests : IDisposable
{
    private const int Near = 3;
    private const int Far = 5;
    private const uint NearIndex = 0x1111_1111;
    private const uint FarIndex = 0x2222_2222;
    private const int Patience = 60_000;

    private static readonly IpAddress Loopback4 = IpAddress.Parse("127.0.0.1");

    private readonly List<IDisposable> _opened = [];
    private readonly SendBatch _toSend = new();
    private readonly ReceiveBatch _received = new(16, 65536);

    [Theory]
    [InlineData(NetBackend.Linux, 1)]
    [InlineData(NetBackend.Linux, 2)]
    [InlineData(NetBackend.LinuxPlain, 1)]
    [InlineData(NetBackend.Portable, 1)]
    public void Data_between_two_agents_goes_on_unchanged_and_in_order_and_nobody_elses_does(NetBackend backend, int threads)
    {
        var loop = Start(new DatagramSocketOptions { Backend = backend, Local = new IpEndpoint(Loopback4, 0) }, threads);
        var (near, far, stranger) = (Open(), Open(), Open());
        Register(loop, near, far);
        for (int i = 0; i < 300; i++)
        {
            Send(near, loop, Data(FarIndex, i, i % 7 == 0 ? 64 : 1200));
            if (i % 50 == 0)
                Flush(near);
        }

        Flush(near);
        Send(stranger, loop, Data(FarIndex, 1000, 64));
        Flush(stranger);
        Send(far, loop, Data(NearIndex, 2000, 64));
        Send(far, loop, Data(NearIndex + 1, 2001, 64));
        Flush(far);

        Assert.Equal(Enumerable.Range(0, 300).Select(i => (i, i % 7 == 0 ? 64 : 1200)), Receive(far, loop, 300).Select(datagram => (Mark(datagram.Bytes), datagram.Bytes.Length)));
        Assert.Equal([2000], Receive(near, loop, 1).Select(datagram => Mark(datagram.Bytes)));
        Assert.Equal(0, near.Receive(_received, 50));
        Assert.Equal(301, loop.Threads.Sum(thread => thread.Forwarder.ForwardedCount));
    }

    [Theory]
    [InlineData(NetBackend.Linux)]
    [InlineData(NetBackend.LinuxPlain)]
    public void The_traffic_class_goes_along(NetBackend backend)
    {
        var loop = Start(new DatagramSocketOptions { Backend = backend, Local = new IpEndpoint(Loopback4, 0) });
        var (near, far) = (Open(), Open());
        Register(loop, near, far);
        byte[] classes = [0, 1, 2, 3, 0xB8, 0xBB];
        foreach (byte trafficClass in classes)
        {
            for (int i = 0; i < 4; i++)
                Assert.True(_toSend.TryCopy(loop.Local, Data(FarIndex, trafficClass, 160), trafficClass));
        }

        Flush(near);
        Assert.All(Receive(far, loop, 4 * classes.Length), datagram => Assert.Equal(Mark(datagram.Bytes), datagram.TrafficClass));
    }

    [Fact]
    public void A_run_stays_a_run()
    {
        var loop = Start(new DatagramSocketOptions { Backend = NetBackend.Linux, Local = new IpEndpoint(Loopback4, 0) });
        var (near, far) = (Open(), Open());
        Register(loop, near, far);
        for (int i = 0; i < 40; i++)
            Send(near, loop, Data(FarIndex, i, 1200));
        Flush(near);
        Receive(far, loop, 40);
        // What was sent is counted when the call has returned, and may have arrived by then.
        SpinWait.SpinUntil(() => loop.Threads[0].Socket.Counters.SentDatagrams == 40, TimeSpan.FromMilliseconds(Patience));
        var socket = loop.Threads[0].Socket.Counters;
        Assert.Equal((1, 40, 1, 40), (socket.ReceivedMessages, socket.ReceivedDatagrams, socket.SentMessages, socket.SentDatagrams));
    }

    [LabFact]
    public void A_run_that_its_path_refuses_leaves_as_single_datagrams_in_order()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        host.Ip("link", "set", "lo", "mtu", "1300");
        var (loop, near, far) = host.Enter(() => (Start(new DatagramSocketOptions { Backend = NetBackend.Linux, Local = new IpEndpoint(Loopback4, 0) }), Open(), Open()));
        Register(loop, near, far);

        // The way in is refused to the sender in the same manner, so what arrives is merged by nobody: small ones come as a run.
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 30; i++)
                Send(near, loop, Data(FarIndex, i, 1392));
            Flush(near);
            Assert.Equal(Enumerable.Range(0, 30), Receive(far, loop, 30).Select(datagram => Mark(datagram.Bytes)));
        }

        Assert.Equal(60, loop.Threads[0].Forwarder.ForwardedCount);
    }

    [Fact]
    public void An_agent_hears_from_the_address_that_it_sends_to_on_a_host_with_several()
    {
        var loop = Start(new DatagramSocketOptions { Backend = NetBackend.Linux });
        var (near, far) = (Open(), Open());
        Register(loop, near, far);
        var nearTo = new IpEndpoint(IpAddress.Parse("127.0.0.9"), loop.Local.Port);
        var farTo = new IpEndpoint(IpAddress.Parse("127.0.0.8"), loop.Local.Port);

        // What the table does not know is looked at under the lock, where the address is noted; twice, since one address alone is not.
        for (int i = 0; i < 2; i++)
        {
            _toSend.TryCopy(nearTo, Data(7, 0, 64));
            Flush(near);
            _toSend.TryCopy(farTo, Data(7, 0, 64));
            Flush(far);
            Assert.True(SpinWait.SpinUntil(() => loop.Threads[0].Socket.Counters.ReceivedDatagrams >= 2 * (i + 1), Patience));
            loop.Ask(_ => 0);
        }

        _toSend.TryCopy(nearTo, Data(FarIndex, 1, 64));
        Flush(near);
        Assert.NotEqual(0, far.Receive(_received, Patience));
        foreach (var run in _received.Runs)
            Assert.Equal(farTo, run.Source);
        _toSend.TryCopy(farTo, Data(NearIndex, 1, 64));
        Flush(far);
        Assert.NotEqual(0, near.Receive(_received, Patience));
        foreach (var run in _received.Runs)
            Assert.Equal(nearTo, run.Source);
    }

    [Fact]
    public void Forwarding_allocates_nothing()
    {
        const int Rounds = 2_500;
        const int Burst = 40;
        var loop = Start(new DatagramSocketOptions { Backend = NetBackend.Linux, Local = new IpEndpoint(Loopback4, 0) });
        var (near, far) = (Open(), Open());
        Register(loop, near, far);
        Exchange(200);
        WaitForReport(loop);
        long before = loop.Threads[0].AllocatedBytes;
        Exchange(Rounds);
        WaitForReport(loop);
        Assert.Equal(0, loop.Threads[0].AllocatedBytes - before);
        Assert.True(loop.Threads[0].Forwarder.ForwardedCount >= 100_000);

        void Exchange(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                for (int i = 0; i < Burst; i++)
                    Send(near, loop, Data(FarIndex, i, 96));
                Flush(near);
                for (int got = 0; got < Burst;)
                {
                    Assert.NotEqual(0, far.Receive(_received, Patience));
                    foreach (var run in _received.Runs)
                        got += run.Count;
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_port_in_use_is_refused_with_any_number_of_threads(int threads)
    {
        var other = Own(DatagramSockets.Open(new DatagramSocketOptions { Local = new IpEndpoint(Loopback4, 0), ReusePort = true }));
        Assert.Throws<NetworkException>(() => new RelayLoop(new DatagramSocketOptions { Local = other.Local }, threads));
    }

    [Fact]
    public void Questions_are_answered_while_nothing_arrives_and_after_the_end_they_are_refused()
    {
        var loop = Start(new DatagramSocketOptions { Local = new IpEndpoint(Loopback4, 0) });

        // A loop that wakes only with its timers takes longer each time; a machine that stands still does not do so three times.
        Assert.Contains(Enumerable.Range(0, 3), _ =>
        {
            long start = MonotonicClock.Now;
            for (int i = 0; i < 100; i++)
                Assert.Equal(i, loop.Ask(_ => i));
            return MonotonicClock.Now - start < 1_000_000;
        });
        Assert.Throws<InvalidOperationException>(() => loop.Ask<int>(_ => throw new InvalidOperationException()));
        Assert.Equal(1, loop.Ask(_ => 1));
        loop.Dispose();
        Assert.True(loop.Ended.IsCompletedSuccessfully);
        Assert.Throws<ObjectDisposedException>(() => loop.Ask(_ => 1));
    }

    public void Dispose()
    {
        foreach (var item in Enumerable.Reverse(_opened))
            item.Dispose();
        _toSend.Dispose();
        _received.Dispose();
    }

    private RelayLoop Start(DatagramSocketOptions options, int threads = 1)
    {
        var loop = Own(new RelayLoop(options, threads));
        var key = Own(PrivateKey.Generate(RandomSource.System));
        var state = Own(new RelayState(new RelayStateOptions
        {
            PrivateKey = key,
            RandomSource = RandomSource.System,
            Output = loop.Output,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(0),
            MaximumAgents = 16,
            MaximumFlows = 16,
        }));
        loop.Start(state);

        // The loop ends before the state does.
        _opened.Remove(loop);
        return Own(loop);
    }

    private IDatagramSocket Open() => Own(DatagramSockets.Open(new DatagramSocketOptions { Backend = NetBackend.Linux, Local = new IpEndpoint(Loopback4, 0) }));

    private T Own<T>(T item) where T : IDisposable
    {
        _opened.Add(item);
        return item;
    }

    private static void Register(RelayLoop loop, IDatagramSocket near, IDatagramSocket far) => loop.Ask(state =>
    {
        state.Forwarding.SetAddress(Near, near.Local);
        state.Forwarding.SetAddress(Far, far.Local);
        Assert.Equal(EntryResult.Added, state.Forwarding.AddPair(Near, Far, NearIndex, FarIndex, MonotonicClock.Now));
        return 0;
    });

    private void Send(IDatagramSocket from, RelayLoop loop, byte[] datagram)
    {
        if (!_toSend.TryCopy(loop.Local, datagram))
        {
            Flush(from);
            Assert.True(_toSend.TryCopy(loop.Local, datagram));
        }
    }

    private void Flush(IDatagramSocket from) => from.Send(_toSend);

    private List<(byte[] Bytes, byte TrafficClass)> Receive(IDatagramSocket socket, RelayLoop loop, int count)
    {
        var got = new List<(byte[], byte)>();
        while (got.Count < count)
        {
            Assert.True(socket.Receive(_received, Patience) > 0, $"{got.Count} of {count} came");
            foreach (var run in _received.Datagrams)
            {
                Assert.Equal(loop.Local, run.Source);
                got.Add((run.First.ToArray(), run.TrafficClass));
            }
        }

        Assert.Equal(count, got.Count);
        return got;
    }

    /// <summary>An idle thread says what it allocated.</summary>
    private static void WaitForReport(RelayLoop loop)
    {
        long calls = loop.Threads[0].Socket.Counters.ReceiveCalls;
        Assert.True(SpinWait.SpinUntil(() => loop.Threads[0].Socket.Counters.ReceiveCalls > calls + 1, Patience));
    }

    private static byte[] Data(uint receiverIndex, int mark, int length)
    {
        byte[] datagram = new byte[length];
        datagram[0] = 4;
        BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(4), receiverIndex);
        BinaryPrimitives.WriteInt32LittleEndian(datagram.AsSpan(8), mark);
        return datagram;
    }

    private static int Mark(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadInt32LittleEndian(datagram[8..]);
}
