using System.Diagnostics;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>A responder's work for one handshake, without I/O: an initiation goes into a device, the response comes out of it.</summary>
internal sealed class HandshakeTimer : IDatagramOutput
{
    private const int RunCount = 7;
    private const int HandshakeCount = 200;

    /// <summary>Between initiations, so that none is refused as a flood; microseconds.</summary>
    private const long Interval = 10_000_000;

    private readonly byte[] _datagram = new byte[256];
    private int _length;

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        datagram.CopyTo(_datagram);
        _length = datagram.Length;
    }

    /// <summary>Microseconds per handshake: the median of the runs' medians.</summary>
    internal static double Measure(Report report)
    {
        if (!IpEndpoint.TryParse("192.0.2.1:51820", out var source))
            throw new InvalidOperationException("An address is no address.");
        var initiatorOutput = new HandshakeTimer();
        var responderOutput = new HandshakeTimer();
        using var initiatorKey = PrivateKey.Generate(RandomSource.System);
        using var responderKey = PrivateKey.Generate(RandomSource.System);
        using var initiator = new Device(Options(initiatorKey, initiatorOutput));
        using var responder = new Device(Options(responderKey, responderOutput));
        var peer = initiator.AddPeer(new PeerOptions { PublicKey = responder.PublicKey });
        responder.AddPeer(new PeerOptions { PublicKey = initiator.PublicKey });

        long now = 0;
        var runs = new List<double>();
        // The first runs bring the runtime to compile everything once more, optimised; they do not count.
        long warmUntil = Stopwatch.GetTimestamp() + Stopwatch.Frequency;
        while (runs.Count < RunCount)
        {
            bool counts = Stopwatch.GetTimestamp() > warmUntil;
            double[] times = new double[HandshakeCount];
            for (int i = 0; i < HandshakeCount; i++)
            {
                now += Interval;
                initiator.InitiateHandshake(peer, source, now);
                long start = Stopwatch.GetTimestamp();
                var result = responder.Receive(initiatorOutput._datagram.AsSpan(0, initiatorOutput._length), source, now);
                times[i] = (Stopwatch.GetTimestamp() - start) * (1e6 / Stopwatch.Frequency);
                if (result.Kind != ReceiveKind.Handshake || responderOutput._length == 0)
                    throw new InvalidOperationException($"The handshake was dropped: {result.DropReason}.");
                initiator.Receive(responderOutput._datagram.AsSpan(0, responderOutput._length), source, now);
                responderOutput._length = 0;
            }
            if (counts)
                runs.Add(Contest.Median(times));
        }
        double median = Contest.Median(runs);
        report.Row(("suite", "aead"), ("case", "responder handshake"), ("us", median), ("per_second_and_core", 1e6 / median));
        return median;
    }

    private static DeviceOptions Options(PrivateKey key, IDatagramOutput output) => new()
    {
        PrivateKey = key,
        RandomSource = RandomSource.System,
        Output = output,
        TimestampAtZero = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000),
        LoadPolicy = LoadPolicy.Never,
    };
}
