using BenchmarkDotNet.Attributes;
using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>What a relay's loop spends beside the system calls: walking a received batch and gathering it by destination, per batch of 640 datagrams.</summary>
public class DatagramBatchBenchmarks
{
    private const int DatagramCount = 640;
    private const int DatagramLength = 1420;

    private readonly IpEndpoint[] _destinations = [.. Enumerable.Range(0, 64).Select(i => new IpEndpoint(new IpAddress(0x0A00_0001u + (uint)i), 21820))];

    private ReceiveBatch _received = null!;
    private SendBatch _toSend = null!;

    /// <summary>Runs of 40 as UDP_GRO brings them, or one by one.</summary>
    [Params(NetBackend.Linux, NetBackend.LinuxPlain)]
    public NetBackend Backend { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        using var sender = DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend });
        using var receiver = DatagramSockets.Open(new DatagramSocketOptions { Backend = Backend });
        _received = Backend == NetBackend.Linux ? new ReceiveBatch(DatagramCount / 40) : new ReceiveBatch(DatagramCount, 2048);
        _toSend = new SendBatch(DatagramCount, 2 << 20);
        var to = new IpEndpoint(IpAddress.Parse("127.0.0.1"), receiver.Local.Port);
        byte[] datagram = new byte[DatagramLength];
        for (int i = 0; i < DatagramCount; i++)
        {
            (datagram[0], datagram[4]) = (4, (byte)(i / 40));
            _toSend.TryCopy(to, datagram);
            if (i % 40 == 39)
                sender.Send(_toSend);
        }

        if (receiver.Receive(_received, 1000) != _received.Capacity)
            throw new InvalidOperationException("The loopback lost datagrams: raise net.core.rmem_max.");
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _received.Dispose();
        _toSend.Dispose();
    }

    /// <summary>By runs, from where they lie.</summary>
    [Benchmark(OperationsPerInvoke = DatagramCount)]
    public int Forward()
    {
        foreach (var run in _received.Runs)
            _toSend.TryEnqueue(run, _destinations[run.First[4]]);
        int messages = _toSend.Count;
        _toSend.Clear();
        return messages;
    }

    /// <summary>Datagram by datagram, as a gateway does that opened and sealed each in place.</summary>
    [Benchmark(OperationsPerInvoke = DatagramCount)]
    public int ForwardOneByOne()
    {
        foreach (var run in _received.Datagrams)
            _toSend.TryEnqueue(_received, run.First, _destinations[run.First[4]]);
        int messages = _toSend.Count;
        _toSend.Clear();
        return messages;
    }
}
