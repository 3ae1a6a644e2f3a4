using BenchmarkDotNet.Attributes;
using Keyhole.Cryptography;

namespace Keyhole.Perf;

/// <summary>Sealing and opening of one packet, and of 64 in one call.</summary>
public class TransportKeyBenchmarks
{
    private readonly TransportKey _key = new(new byte[TransportKey.KeyLength]);
    private PacketRing _ring = null!;
    private byte[] _sealed = [];

    [Params(64, 576, 1420)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _ring = new PacketRing(Length);
        _key.Seal(0, _ring.Room(0), Length);
        _sealed = _ring.Room(0).ToArray();
    }

    [GlobalCleanup]
    public void Cleanup() => _key.Dispose();

    [Benchmark]
    public void Seal() => _key.Seal(1, _ring.Room(1), Length);

    /// <summary>Includes a copy of the packet, since opening uses it up.</summary>
    [Benchmark]
    public bool Open()
    {
        _sealed.CopyTo(_ring.Room(0));
        return _key.Open(0, _ring.Room(0));
    }

    [Benchmark(OperationsPerInvoke = PacketRing.PacketCount)]
    public void SealBatch() => _key.Seal(_ring.Buffer, _ring.Plain);

    /// <summary>Of a packet that is not authentic: the price of refusing.</summary>
    [Benchmark]
    public bool Refuse() => _key.Open(2, _ring.Room(2));
}
