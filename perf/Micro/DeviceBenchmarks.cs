using BenchmarkDotNet.Attributes;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>One packet through the whole of a WireGuard device: sealed by one, opened by its peer, timers and replay window included.</summary>
public class DeviceBenchmarks : IDatagramOutput
{
    private const int Start = 1_000_000;

    private readonly PrivateKey _firstKey = PrivateKey.Generate(RandomSource.System);
    private readonly PrivateKey _secondKey = PrivateKey.Generate(RandomSource.System);
    private readonly IpEndpoint _firstEnd = new(IpAddress.Parse("10.0.0.1"), 1);
    private readonly IpEndpoint _secondEnd = new(IpAddress.Parse("10.0.0.2"), 2);
    private readonly byte[] _buffer = new byte[2048];
    private readonly Queue<(IpEndpoint To, byte[] Datagram)> _sent = new();
    private byte[] _packet = [];
    private Device _first = null!;
    private Device _second = null!;
    private Peer _toSecond = null!;
    private long _now = Start;

    [Params(64, 1420)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _packet = new byte[Length];
        ReadOnlySpan<byte> header = [0x45, 0, (byte)(Length >> 8), (byte)Length, 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        header.CopyTo(_packet);
        _first = Make(_firstKey);
        _second = Make(_secondKey);
        _toSecond = Add(_first, _secondKey, _secondEnd);
        Add(_second, _firstKey, _firstEnd);
        _first.InitiateHandshake(_toSecond, _secondEnd, _now);
        while (_sent.TryDequeue(out var sent))
            (sent.To == _firstEnd ? _first : _second).Receive(sent.Datagram, sent.To == _firstEnd ? _secondEnd : _firstEnd, _now);
        if (!SealAndOpen())
            throw new InvalidOperationException("The devices have no session.");
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _first.Dispose();
        _second.Dispose();
        _firstKey.Dispose();
        _secondKey.Dispose();
    }

    [Benchmark]
    public bool SealAndOpen()
    {
        _packet.CopyTo(_buffer, 16);
        // Time stands still: a session must not come of age here.
        var result = _first.Seal(_toSecond, _buffer, Length, _now);
        return _second.Receive(_buffer.AsSpan(0, result.Length), _firstEnd, _now).Kind == ReceiveKind.Packet;
    }

    void IDatagramOutput.Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _sent.Enqueue((destination, datagram.ToArray()));

    private Device Make(PrivateKey key) => new(new DeviceOptions
    {
        PrivateKey = key,
        RandomSource = RandomSource.System,
        Output = this,
        TimestampAtZero = Tai64n.FromUnixMicroseconds(Start),
    });

    private static Peer Add(Device device, PrivateKey other, in IpEndpoint endpoint) =>
        device.AddPeer(new PeerOptions { PublicKey = other.PublicKey, Endpoint = endpoint, AcceptAnySource = true });
}
