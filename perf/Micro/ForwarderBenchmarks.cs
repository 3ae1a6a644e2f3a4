using BenchmarkDotNet.Attributes;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Perf;

/// <summary>The judgement over one run of transport data: two look-ups, the verdict, the counters.</summary>
public class ForwarderBenchmarks
{
    private const int DatagramLength = 1452;

    private byte[][] _datagrams = [];
    private IpEndpoint[] _sources = [];
    private RelayForwarder _forwarder = null!;
    private int _next;

    /// <summary>Pairs of a client and a connector, asked for in turn.</summary>
    [Params(1, 1000)]
    public int PairCount { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var table = new ForwardingTable(2 * PairCount, 4 * PairCount, hashKey: 0x0123_4567_89AB_CDEF);
        _forwarder = new RelayForwarder(table);
        _sources = [.. Enumerable.Range(0, 2 * PairCount).Select(i => new IpEndpoint(new IpAddress(0x0A00_0001u + (uint)i), 51820))];
        _datagrams = [.. Enumerable.Range(0, PairCount).Select(Datagram)];
        for (int i = 0; i < PairCount; i++)
        {
            table.SetAddress(2 * i, _sources[2 * i]);
            table.SetAddress(2 * i + 1, _sources[2 * i + 1]);
            table.AddPair(2 * i, 2 * i + 1, (uint)i, (uint)i, now: 0);
        }

        if (!TryForward() || TryForward(_sources[1]))
            throw new InvalidOperationException("The table does not route as it should.");
    }

    [Benchmark]
    public bool Forward() => TryForward();

    private static byte[] Datagram(int index)
    {
        byte[] datagram = new byte[DatagramLength];
        datagram[0] = 4;
        BitConverter.TryWriteBytes(datagram.AsSpan(4), index);
        return datagram;
    }

    private bool TryForward()
    {
        int pair = _next;
        _next = pair + 1 == PairCount ? 0 : pair + 1;
        return _forwarder.TryForward(_sources[2 * pair], _datagrams[pair], 1, DatagramLength, now: 1, isOverloaded: false, out _, out _) == ForwardVerdict.Forward;
    }

    /// <summary>A datagram with an index that nobody holds.</summary>
    private bool TryForward(in IpEndpoint source) =>
        _forwarder.TryForward(source, Datagram(-1), 1, DatagramLength, now: 1, isOverloaded: false, out _, out _) == ForwardVerdict.Forward;
}
