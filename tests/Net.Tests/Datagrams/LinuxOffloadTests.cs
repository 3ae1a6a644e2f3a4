using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>What only the Linux sockets do: runs both ways, traffic class, local addresses, and giving offload up when refused.</summary>
public sealed class LinuxOffloadTests : IDisposable
{
    private static readonly IpAddress Loopback4 = IpAddress.Parse("127.0.0.1");
    private static readonly IpAddress Loopback6 = IpAddress.Parse("::1");

    private readonly SendBatch _sent = new();
    private readonly ReceiveBatch _received = new(16, 65536);
    private readonly List<IDisposable> _opened = [];

    public void Dispose()
    {
        foreach (var item in _opened)
            item.Dispose();
        _sent.Dispose();
        _received.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void A_run_leaves_and_arrives_as_one_message(string address)
    {
        var (sender, receiver) = (Open(), Open());
        Assert.True(sender.Capabilities.SendOffload && receiver.Capabilities.ReceiveOffload, "this kernel has no UDP offload");
        var to = new IpEndpoint(IpAddress.Parse(address), receiver.Local.Port);
        for (byte i = 0; i < 40; i++)
            _sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, i, .. new byte[i == 39 ? 100 : 1000]]);
        sender.Send(_sent);

        Assert.Equal(1, receiver.Receive(_received, 5000));
        foreach (var run in _received.Runs)
        {
            Assert.Equal((40, 1009), (run.Count, run.SegmentSize));
            Assert.Equal(109, run.Last.Length);
            for (int i = 0; i < run.Count; i++)
                Assert.Equal(i, run[i][8]);
        }

        Assert.Equal((1, 40, 1), (sender.Counters.SentMessages, sender.Counters.SentDatagrams, sender.Counters.SendCalls));
        Assert.Equal((1, 40), (receiver.Counters.ReceivedMessages, receiver.Counters.ReceivedDatagrams));
    }

    [Theory]
    [InlineData("127.0.0.1", NetBackend.Linux)]
    [InlineData("::1", NetBackend.Linux)]
    [InlineData("127.0.0.1", NetBackend.LinuxPlain)]
    [InlineData("::1", NetBackend.LinuxPlain)]
    public void The_traffic_class_travels_with_single_datagrams_and_with_runs(string address, NetBackend backend)
    {
        var (sender, receiver) = (Open(backend), Open(backend));
        var to = new IpEndpoint(IpAddress.Parse(address), receiver.Local.Port);
        byte[] classes = [0, 1, 2, 3, 0xB8, 0xBB];
        foreach (byte trafficClass in classes)
        {
            _sent.TryCopy(to, [trafficClass], trafficClass);
            for (int i = 0; i < 3; i++)
                _sent.TryCopy(to, [trafficClass, .. new byte[50]], trafficClass);
        }

        sender.Send(_sent);

        int got = 0;
        while (got < classes.Length * 4)
        {
            Assert.NotEqual(0, receiver.Receive(_received, 5000));
            foreach (var run in _received.Datagrams)
            {
                Assert.Equal(run.First[0], run.TrafficClass);
                got++;
            }
        }
    }

    [Theory]
    [InlineData("127.0.0.9")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void The_local_address_is_known_and_can_be_answered_from(string address)
    {
        var (client, server) = (Open(), Open());
        var at = IpAddress.Parse(address);
        _sent.TryCopy(new IpEndpoint(at, server.Local.Port), [1]);
        client.Send(_sent);
        Assert.Equal(1, server.Receive(_received, 5000));
        foreach (var run in _received.Runs)
        {
            Assert.Equal(at, run.Local);
            Assert.True(_sent.TryEnqueue(run, run.Source, run.Local));
        }

        server.Send(_sent);

        Assert.Equal(1, client.Receive(_received, 5000));
        foreach (var run in _received.Runs)
            Assert.Equal(new IpEndpoint(at, server.Local.Port), run.Source);
    }

    [LabFact]
    public void A_path_whose_mtu_refuses_a_run_gets_single_datagrams_in_order_and_is_remembered()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        host.Ip("link", "set", "lo", "mtu", "1300");
        var (sender, receiver) = host.Enter(() => (Open(), Open()));
        var to = new IpEndpoint(Loopback4, receiver.Local.Port);
        for (int round = 0; round < 2; round++)
        {
            for (byte i = 0; i < 30; i++)
                _sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, i, .. new byte[1391]]);
            sender.Send(_sent);
            Assert.Equal(Enumerable.Range(0, 30), Marks(receiver, 30));
        }

        Assert.Equal(1, sender.Counters.OffloadRefused);
        Assert.Equal(60, sender.Counters.SentDatagrams);
        Assert.True(sender.Capabilities.SendOffload);

        // Another destination keeps its runs.
        var other = new IpEndpoint(Loopback6, receiver.Local.Port);
        for (byte i = 0; i < 30; i++)
            _sent.TryCopy(other, [4, 0, 0, 0, 1, 2, 3, 4, i, .. new byte[91]]);
        long messages = sender.Counters.SentMessages;
        sender.Send(_sent);
        Assert.Equal(1, sender.Counters.SentMessages - messages);
    }

    [Fact]
    public unsafe void A_run_refused_as_invalid_leaves_as_single_datagrams()
    {
        const int SO_NO_CHECK = 11;
        var (sender, receiver) = (Open(), Open());
        // The kernel refuses UDP_SEGMENT without a checksum.
        Assert.Equal(0, Libc.setsockopt((int)sender.Handle, Libc.SOL_SOCKET, SO_NO_CHECK, 1));
        var to = new IpEndpoint(Loopback4, receiver.Local.Port);
        for (byte i = 0; i < 10; i++)
            _sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, i, .. new byte[100]], trafficClass: 2);
        _sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, 10]);
        sender.Send(_sent);

        Assert.Equal(Enumerable.Range(0, 11), Marks(receiver, 11));
        Assert.Equal(1, sender.Counters.OffloadRefused);
    }

    [Fact]
    public void What_the_system_had_no_room_for_is_counted()
    {
        var sender = Open(NetBackend.LinuxPlain);
        var receiver = Own(DatagramSockets.Open(new DatagramSocketOptions { Backend = NetBackend.LinuxPlain, BufferLength = 4096 }));
        var to = new IpEndpoint(Loopback4, receiver.Local.Port);
        Assert.Equal(0, receiver.Counters.ReceiveQueueLength);
        for (int i = 0; i < 100; i++)
            _sent.TryCopy(to, new byte[1000]);
        sender.Send(_sent);

        Assert.True(receiver.Counters.ReceiveQueueLength > 0);
        Assert.True(receiver.IsBacklogged);
        int got = receiver.Receive(_received, 1000);
        while (receiver.Receive(_received, 0) is > 0 and var more)
            got += more;
        Assert.InRange(got, 1, 50);
        Assert.Equal(100 - got, receiver.Counters.Overflowed);
        Assert.False(receiver.IsBacklogged);
    }

    [Fact]
    public void A_socket_that_spins_receives_as_well()
    {
        var sender = Open();
        var receiver = Own(DatagramSockets.Open(new DatagramSocketOptions { Backend = NetBackend.Linux, SpinMicroseconds = 200 }));
        var to = new IpEndpoint(Loopback4, receiver.Local.Port);
        for (int i = 0; i < 50; i++)
        {
            _sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, (byte)i]);
            sender.Send(_sent);
            Assert.Equal([i], Marks(receiver, 1));
        }

        Assert.Equal(0, receiver.Receive(_received, 20));
    }

    [Fact]
    public void More_messages_than_the_kernel_takes_at_once_all_leave()
    {
        var (sender, receiver) = (Open(NetBackend.LinuxPlain), Open(NetBackend.LinuxPlain));
        var to = new IpEndpoint(Loopback4, receiver.Local.Port);
        for (int i = 0; i < 1500; i++)
            Assert.True(_sent.TryCopy(to, [4, 0, 0, 0, 1, 2, 3, 4, (byte)i]));
        sender.Send(_sent);

        Assert.Equal(Enumerable.Range(0, 1500).Select(i => i & 255), Marks(receiver, 1500));
    }

    private IDatagramSocket Open(NetBackend backend = NetBackend.Linux) => Own(DatagramSockets.Open(new DatagramSocketOptions { Backend = backend }));

    private IDatagramSocket Own(IDatagramSocket socket)
    {
        _opened.Add(socket);
        return socket;
    }

    private List<int> Marks(IDatagramSocket receiver, int count)
    {
        var marks = new List<int>();
        while (marks.Count < count)
        {
            Assert.NotEqual(0, receiver.Receive(_received, 5000));
            foreach (var run in _received.Datagrams)
                marks.Add(run.First[8]);
        }

        return marks;
    }
}
