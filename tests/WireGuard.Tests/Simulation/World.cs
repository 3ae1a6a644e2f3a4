namespace Keyhole.WireGuard.Tests;

/// <summary>
/// Two devices and the network between them under one fake clock: datagrams are lost, doubled and overtake each other by a seeded chance, and every
/// packet carries a number that must come out at most once.
/// </summary>
internal sealed class World : IDisposable
{
    public const long Second = 1_000_000;

    private readonly Random _random;
    private readonly Pair _pair;
    private readonly PriorityQueue<Datagram, (long At, long Order)> _network = new();
    private readonly HashSet<long> _opened = [];
    private long _order;

    public World(int seed, TimerSchedule schedule, Func<DeviceOptions, DeviceOptions>? configure = null)
    {
        _random = new Random(seed);
        _pair = new Pair(schedule, configure: configure);
    }

    public double Loss { get; set; }

    public double Duplication { get; set; }

    /// <summary>Upper bound of the random delay beyond 10 ms.</summary>
    public long Jitter { get; set; }

    public bool IsCut { get; set; }

    /// <summary>Called after every datagram of a known sender.</summary>
    public Action<Peer>? Arrived { get; set; }

    public long Now => _pair.Now;

    public Pair Pair => _pair;

    public long SentCount { get; private set; }

    public long OpenedCount => _opened.Count;

    public int SessionCount { get; private set; }

    public int GaveUpCount { get; private set; }

    public long LastOpenedAt { get; private set; }

    /// <summary>The longest time between packets that were opened while the network was whole for that time.</summary>
    public long LongestGap { get; private set; }

    /// <summary>Lets time pass; both sides send a packet about every <paramref name="interval"/>.</summary>
    public void Run(long duration, long interval)
    {
        long end = Now + duration;
        long nextTraffic = Now;
        LastOpenedAt = Now;
        while (true)
        {
            long arrival = _network.TryPeek(out _, out var priority) ? priority.At : long.MaxValue;
            long next = Math.Min(Math.Min(arrival, nextTraffic), Math.Min(_pair.A.Device.NextDeadline, _pair.B.Device.NextDeadline));
            if (next > end)
                break;
            _pair.Now = Math.Max(Now, next);
            if (next == nextTraffic)
            {
                Send(_pair.A, _pair.PeerOfA, _pair.B);
                Send(_pair.B, _pair.PeerOfB, _pair.A);
                nextTraffic = Now + 1 + _random.NextInt64(2 * interval);
            }
            else if (next == arrival)
            {
                Arrive(_network.Dequeue());
            }

            _pair.A.Device.Tick(Now);
            _pair.B.Device.Tick(Now);
            Collect(_pair.A);
            Collect(_pair.B);
        }

        _pair.Now = end;
    }

    public void Dispose() => _pair.Dispose();

    private void Send(Node from, Peer peer, Node to)
    {
        byte[] payload = BitConverter.GetBytes(SentCount++);
        if (Inner.Seal(from.Device, peer, Inner.Packet(from.InnerAddress, to.InnerAddress, payload), Now, out _) is { } datagram)
            Transmit(new Datagram(from.Address, to.Address, datagram, peer));
    }

    private void Collect(Node node)
    {
        while (node.Sent.TryDequeue(out var datagram))
            Transmit(datagram);
        while (node.Device.TryDequeueEvent(out var deviceEvent))
        {
            SessionCount += deviceEvent.Kind == DeviceEventKind.SessionEstablished ? 1 : 0;
            GaveUpCount += deviceEvent.Kind == DeviceEventKind.HandshakeGaveUp ? 1 : 0;
        }

        Assert.InRange(node.Device.IndexCount, 0, IndexTable.MaximumPerPeer);
    }

    private void Transmit(Datagram datagram)
    {
        if (IsCut || _random.NextDouble() < Loss)
            return;
        for (int copies = _random.NextDouble() < Duplication ? 2 : 1; copies > 0; copies--)
            _network.Enqueue(datagram with { Bytes = [.. datagram.Bytes] }, (Now + 10_000 + _random.NextInt64(Jitter + 1), _order++));
    }

    private void Arrive(Datagram datagram)
    {
        var node = datagram.Destination == _pair.A.Address ? _pair.A : _pair.B;
        var result = node.Device.Receive(datagram.Bytes, datagram.Source, Now);
        if (result.Peer is { } peer)
        {
            peer.Endpoint = datagram.Source;
            if (peer.Current is not null)
                Arrived?.Invoke(peer);
        }

        if (result.Kind != ReceiveKind.Packet)
            return;
        long number = BitConverter.ToInt64(datagram.Bytes, result.Offset + 20);
        Assert.True(_opened.Add(number), $"packet {number} came out twice");
        LongestGap = Math.Max(LongestGap, Now - LastOpenedAt);
        LastOpenedAt = Now;
    }
}
