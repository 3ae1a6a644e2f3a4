using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>What every datagram socket does, whatever carries the bytes.</summary>
public abstract class DatagramSocketContract : IDisposable
{
    private const int Patience = 5000;

    private static readonly IpEndpoint Loopback4 = new(IpAddress.Parse("127.0.0.1"), 0);

    private readonly bool _ipv6;
    private readonly IDatagramSocket _sender;
    private readonly IDatagramSocket _receiver;
    private readonly ReceiveBatch _received;
    private readonly SendBatch _sent = new();

    protected DatagramSocketContract(NetBackend backend, bool ipv6 = true)
    {
        Backend = backend;
        _ipv6 = ipv6;
        _sender = Open();
        _receiver = Open();
        _received = ReceiveBatch.For(_receiver);
    }

    protected NetBackend Backend { get; }

    private IpEndpoint ReceiverAt4 => new(Loopback4.Address, _receiver.Local.Port);

    private IpEndpoint ReceiverAt6 => new(IpAddress.Parse("::1"), _receiver.Local.Port);

    [Fact]
    public void A_datagram_arrives_with_its_bytes_and_its_source()
    {
        Assert.True(_sent.TryCopy(ReceiverAt4, [1, 2, 3]));
        _sender.Send(_sent);

        Assert.Equal(1, _receiver.Receive(_received, Patience));
        foreach (var run in _received.Runs)
        {
            Assert.Equal(new byte[] { 1, 2, 3 }, run.Bytes.ToArray());
            Assert.Equal(new IpEndpoint(Loopback4.Address, _sender.Local.Port), run.Source);
        }
    }

    [Fact]
    public void One_socket_takes_both_families_or_refuses_one_by_counting()
    {
        _sent.TryCopy(ReceiverAt4, [4]);
        _sent.TryCopy(ReceiverAt6, [6]);
        _sender.Send(_sent);
        if (!_ipv6)
        {
            Assert.Equal(4, ReceiveAll(1)[0].Bytes[0]);
            Assert.Equal(1, _sender.Counters.SendRefused);
            return;
        }

        var sources = ReceiveAll(2).ToDictionary(d => d.Bytes[0], d => d.Source.Address);

        Assert.True(sources[4].IsIpv4);
        Assert.Equal(IpAddress.Parse("::1"), sources[6]);
    }

    [Fact]
    public void Sending_empties_the_batch()
    {
        _sent.TryCopy(ReceiverAt4, [1]);
        _sender.Send(_sent);

        Assert.True(_sent.IsEmpty);
        Assert.Equal(0, _sent.DatagramCount);
    }

    [Fact]
    public void Nothing_to_receive_is_0_after_the_timeout()
    {
        long start = MonotonicClock.Now;

        Assert.Equal(0, _receiver.Receive(_received, 0));
        Assert.Equal(0, _receiver.Receive(_received, 30));
        Assert.InRange(MonotonicClock.Now - start, 20_000, 3_000_000);
    }

    [Fact]
    public void An_empty_datagram_is_a_datagram()
    {
        _sent.TryCopy(ReceiverAt4, []);
        _sent.TryCopy(ReceiverAt4, [7]);
        _sent.TryCopy(ReceiverAt4, []);
        _sender.Send(_sent);

        Assert.Equal([0, 1, 0], ReceiveAll(3).Select(d => d.Bytes.Length));
    }

    [Fact]
    public void Order_and_boundaries_are_kept_for_any_mix_of_sizes()
    {
        int seed = Seeds.Next();
        var random = new Random(seed);
        for (int round = 0; round < 30; round++)
        {
            var expected = new List<byte[]>();
            int count = random.Next(1, 100);
            int size = random.Next(1, 1500);
            for (int i = 0; i < count; i++)
            {
                if (random.Next(8) == 0)
                    size = random.Next(1, 1500);
                byte[] datagram = new byte[size];
                random.NextBytes(datagram);
                expected.Add(datagram);
                Assert.True(_sent.TryCopy(ReceiverAt4, datagram));
            }

            _sender.Send(_sent);
            var got = ReceiveAll(count);
            Assert.True(expected.Zip(got).All(p => p.First.AsSpan().SequenceEqual(p.Second.Bytes)), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Interleaved_destinations_each_keep_their_order()
    {
        using var other = Open();
        using var otherReceived = ReceiveBatch.For(other);
        var otherAt = new IpEndpoint(Loopback4.Address, other.Local.Port);
        for (byte i = 0; i < 100; i++)
            Assert.True(_sent.TryCopy(i % 3 == 0 ? otherAt : ReceiverAt4, [i, 0, 0, 0, 0, 0, 0, 0]));
        _sender.Send(_sent);

        Assert.Equal(Enumerable.Range(0, 100).Where(i => i % 3 != 0), ReceiveAll(66).Select(d => (int)d.Bytes[0]));
        Assert.Equal(Enumerable.Range(0, 100).Where(i => i % 3 == 0), Drain(other, otherReceived, 34).Select(d => (int)d.Bytes[0]));
    }

    [Fact]
    public void A_received_run_is_sent_on_from_where_it_lies()
    {
        using var target = Open();
        using var targetReceived = ReceiveBatch.For(target);
        var targetAt = new IpEndpoint(Loopback4.Address, target.Local.Port);
        for (byte i = 0; i < 20; i++)
            _sent.TryCopy(ReceiverAt4, [4, 0, 0, 0, 9, 9, 9, 9, i, .. new byte[90]]);
        _sender.Send(_sent);
        int forwarded = 0;
        while (forwarded < 20)
        {
            Assert.NotEqual(0, _receiver.Receive(_received, Patience));
            foreach (var run in _received.Runs)
            {
                Assert.True(_sent.TryEnqueue(run, targetAt));
                forwarded += run.Count;
            }

            _receiver.Send(_sent);
        }

        var got = Drain(target, targetReceived, 20);
        Assert.Equal(Enumerable.Range(0, 20), got.Select(d => (int)d.Bytes[8]));
        Assert.All(got, d => Assert.Equal(_receiver.Local.Port, d.Source.Port));
    }

    [Fact]
    public void A_datagram_changed_in_place_is_sent_from_the_receive_buffers()
    {
        _sent.TryCopy(ReceiverAt4, [1, 2, 3, 4]);
        _sender.Send(_sent);
        Assert.Equal(1, _receiver.Receive(_received, Patience));
        foreach (var run in _received.Datagrams)
        {
            run.First[1] = 99;
            Assert.True(_sent.TryEnqueue(_received, run.First[1..3], run.Source));
        }

        _receiver.Send(_sent);

        using var back = ReceiveBatch.For(_sender);
        Assert.Equal(new byte[] { 99, 3 }, Drain(_sender, back, 1)[0].Bytes);
    }

    [Fact]
    public void Another_thread_sends_from_the_same_address_while_the_owner_receives()
    {
        const int Count = 500;
        var target = new IpEndpoint(Loopback4.Address, _receiver.Local.Port);
        using var aside = _sender.OpenSender();
        var thread = new Thread(() =>
        {
            using var batch = new SendBatch();
            for (int i = 0; i < Count; i++)
            {
                batch.TryCopy(target, [2]);
                aside.Send(batch);
            }
        });
        thread.Start();
        var sources = new HashSet<IpEndpoint>();
        int got = 0;
        for (int i = 0; i < Count; i++)
        {
            _sent.TryCopy(target, [1]);
            _sender.Send(_sent);
            got += Take(sources);
        }

        thread.Join();
        while (got < 2 * Count)
            got += Take(sources) is > 0 and var more ? more : throw new InvalidOperationException($"{got} datagrams of {2 * Count} came");
        Assert.Equal(new IpEndpoint(Loopback4.Address, _sender.Local.Port), Assert.Single(sources));
        Assert.Equal(2 * Count, _sender.Counters.SentDatagrams);

        int Take(HashSet<IpEndpoint> from)
        {
            int taken = 0;
            _receiver.Receive(_received, got == 2 * Count ? 0 : 100);
            foreach (var run in _received.Datagrams)
            {
                from.Add(run.Source);
                taken++;
            }

            return taken;
        }
    }

    [Fact]
    public void A_refused_destination_does_not_stop_the_batch()
    {
        _sent.TryCopy(new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0), [1]);
        _sent.TryCopy(ReceiverAt4, [2]);
        _sent.TryCopy(new IpEndpoint(IpAddress.Parse("255.255.255.255"), 9), [3]);
        _sent.TryCopy(ReceiverAt4, [4]);
        _sender.Send(_sent);

        Assert.Equal([2, 4], ReceiveAll(2).Select(d => (int)d.Bytes[0]));
        Assert.Equal(2, _sender.Counters.SendRefused);
        Assert.NotEqual(0, _sender.Counters.LastErrno);
    }

    [Fact]
    public void A_datagram_longer_than_the_buffer_is_counted_and_dropped()
    {
        using var small = new ReceiveBatch(4, 100);
        _sent.TryCopy(ReceiverAt4, new byte[500]);
        _sender.Send(_sent);
        _sent.TryCopy(ReceiverAt4, new byte[50]);
        _sender.Send(_sent);

        int got = 0;
        for (int tries = 0; tries < 20 && got == 0; tries++)
            got = _receiver.Receive(small, 100);

        Assert.Equal(1, got);
        Assert.Equal(1, _receiver.Counters.Truncated);
    }

    [Fact]
    public void A_port_in_use_says_so()
    {
        var e = Assert.Throws<NetworkException>(() =>
            DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend, Ipv6 = _ipv6, Local = new IpEndpoint(default, _receiver.Local.Port) }));

        Assert.Equal(SocketFaultKind.AddressInUse, e.Fault.Kind);
        Assert.Contains(_receiver.Local.Port.ToString(CultureInfo.InvariantCulture), e.Message, StringComparison.Ordinal);
        Assert.Contains("in use", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_says_so()
    {
        var e = Assert.Throws<NetworkException>(() =>
            DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend, Ipv6 = _ipv6, Local = IpEndpointOf("192.0.2.77:0") }));

        Assert.Equal(SocketFaultKind.AddressNotAvailable, e.Fault.Kind);
    }

    [Fact]
    public void Two_sockets_share_a_port_when_asked()
    {
        using var first = DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend, Ipv6 = _ipv6, ReusePort = true });
        using var second = DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend, Ipv6 = _ipv6, ReusePort = true, Local = first.Local });

        Assert.Equal(first.Local.Port, second.Local.Port);
    }

    [Fact]
    public void The_buffers_are_read_back()
    {
        Assert.True(_receiver.Capabilities.ReceiveBufferLength > 0);
        Assert.True(_receiver.Capabilities.SendBufferLength > 0);
        using var absurd = DatagramSockets.Open(new DatagramSocketOptions { Backend = NetBackend.Portable, BufferLength = 1 << 30 });
        Assert.Contains("capped", absurd.Capabilities.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Counters_count_datagrams_both_ways()
    {
        for (int i = 0; i < 10; i++)
            _sent.TryCopy(ReceiverAt4, new byte[64]);
        _sender.Send(_sent);
        ReceiveAll(10);

        Assert.Equal(10, _sender.Counters.SentDatagrams);
        Assert.Equal(640, _sender.Counters.SentBytes);
        Assert.Equal(10, _receiver.Counters.ReceivedDatagrams);
        Assert.Equal(640, _receiver.Counters.ReceivedBytes);
    }

    [Fact]
    public void No_byte_is_allocated_per_datagram()
    {
        const int Count = 64;
        var bytes = new byte[200];
        long allocated = 0;
        for (int round = 0; round < 60; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Count; i++)
                _sent.TryCopy(ReceiverAt4, bytes);
            _sender.Send(_sent);
            for (int got = 0; got < Count;)
            {
                _receiver.Receive(_received, Patience);
                foreach (var run in _received.Runs)
                    got += run.Count;
            }

            if (round >= 10)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
        _received.Dispose();
        _sent.Dispose();
        GC.SuppressFinalize(this);
    }

    private static IpEndpoint IpEndpointOf(string text) => IpEndpoint.TryParse(text, out var endpoint) ? endpoint : throw new FormatException(text);

    private static List<(byte[] Bytes, IpEndpoint Source)> Drain(IDatagramSocket socket, ReceiveBatch batch, int count)
    {
        var got = new List<(byte[], IpEndpoint)>();
        while (got.Count < count)
        {
            Assert.NotEqual(0, socket.Receive(batch, Patience));
            foreach (var run in batch.Datagrams)
                got.Add((run.Bytes.ToArray(), run.Source));
        }

        Assert.Equal(count, got.Count);
        return got;
    }

    private IDatagramSocket Open() => DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend, Ipv6 = _ipv6 });

    private List<(byte[] Bytes, IpEndpoint Source)> ReceiveAll(int count) => Drain(_receiver, _received, count);
}
