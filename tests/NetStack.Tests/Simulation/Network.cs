using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>Two directions, each with its weather, between two nodes. Packets live in recycled buffers.</summary>
internal sealed class Network(Random random, Weather there, Weather back)
{
    private readonly PriorityQueue<(byte[] Buffer, int Length, bool ToB), (long At, long Order)> _travelling = new();
    private readonly Stack<byte[]> _spare = new();
    private readonly long[] _busyUntil = new long[2];
    private readonly int[] _queued = new int[2];
    private long _order;

    public long NextArrival => _travelling.TryPeek(out _, out var priority) ? priority.At : long.MaxValue;

    public long Sent { get; private set; }

    /// <summary>Called with each packet before the weather; true to swallow it. For tests that break the network on purpose.</summary>
    public Func<Memory<byte>, bool, bool>? Sabotage { get; init; }

    public byte[] Rent() => _spare.TryPop(out byte[]? buffer) ? buffer : new byte[2_048];

    public void Return(byte[] buffer) => _spare.Push(buffer);

    /// <summary>Takes the buffer over.</summary>
    public void Send(byte[] buffer, int length, bool toB, long now)
    {
        Sent++;
        var weather = toB ? there : back;
        if (Sabotage?.Invoke(buffer.AsMemory(0, length), toB) == true || random.NextDouble() < weather.Loss)
        {
            Return(buffer);
            return;
        }

        long at = now;
        int way = toB ? 1 : 0;
        if (weather.Rate > 0)
        {
            if (_queued[way] >= weather.Queue)
            {
                Return(buffer);
                return;
            }

            _busyUntil[way] = at = Math.Max(_busyUntil[way], now) + (length * 1_000_000L / weather.Rate);
            _queued[way]++;
        }

        at += weather.Delay;
        if (random.NextDouble() < weather.Reordering)
            at += random.NextInt64(weather.Delay + weather.Jitter + 1);
        else if (weather.Jitter > 0)
            at += random.NextInt64(weather.Jitter);
        if (random.NextDouble() < weather.Corruption)
            Corrupt(buffer.AsSpan(0, length));
        if (random.NextDouble() < weather.Duplication)
        {
            byte[] copy = Rent();
            buffer.AsSpan(0, length).CopyTo(copy);
            _queued[way]++;
            _travelling.Enqueue((copy, length, toB), (at + random.NextInt64(weather.Delay + 1), _order++));
            if (weather.Rate == 0)
                _queued[way]--;
        }

        _travelling.Enqueue((buffer, length, toB), (at, _order++));
    }

    public bool TryReceive(long now, out byte[] buffer, out int length, out bool toB)
    {
        if (NextArrival > now)
        {
            (buffer, length, toB) = ([], 0, false);
            return false;
        }

        (buffer, length, toB) = _travelling.Dequeue();
        if ((toB ? there : back).Rate > 0)
            _queued[toB ? 1 : 0]--;
        return true;
    }

    // One bit of the TCP segment: the checksum of RFC 1071 finds every error of one bit.
    private void Corrupt(Span<byte> packet)
    {
        int ip = packet[0] >> 4 == 4 ? Ipv4Header.MinimumLength : Ipv6Header.Length;
        packet[random.Next(ip, packet.Length)] ^= (byte)(1 << random.Next(8));
    }
}
