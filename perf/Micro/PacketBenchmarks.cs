using BenchmarkDotNet.Attributes;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>What every packet of a tunnel passes before and after its cipher: parsing, the flow's key, checksums, the replay window.</summary>
public class PacketBenchmarks
{
    private const int Length = 1420;
    private const int HeaderLength = 20;

    private readonly byte[] _packet = new byte[Length];
    private readonly byte[] _copy = new byte[Length];
    private readonly ReplayWindow _window = new(ReplayWindow.StandardLength);
    private ulong _counter;

    [GlobalSetup]
    public void Setup()
    {
        Random.Shared.NextBytes(_packet);
        // IPv4 without options, TCP, from 10.0.0.1 to 10.0.0.2.
        ReadOnlySpan<byte> header = [0x45, 0, Length >> 8, Length & 255, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        header.CopyTo(_packet);
        ushort checksum = Checksum.Finish(Checksum.Sum(header));
        (_packet[10], _packet[11]) = ((byte)(checksum >> 8), (byte)checksum);
        _packet[HeaderLength + 12] = 5 << 4;
        if (!IpView.TryParse(_packet, out _))
            throw new InvalidOperationException("The packet is none.");
    }

    [Benchmark]
    public bool Parse() => IpView.TryParse(_packet, out var view) && view.TryGetFlow(out _);

    [Benchmark]
    public ulong Sum() => Checksum.Sum(_packet.AsSpan(HeaderLength));

    [Benchmark]
    public ulong CopySum() => Checksum.CopySum(_packet.AsSpan(HeaderLength), _copy);

    [Benchmark]
    public bool AcceptInOrder() => _window.TryAccept(_counter++);

    [Benchmark]
    public bool RefuseReplay() => _window.TryAccept(0);
}
