namespace Keyhole.Lab;

/// <summary>
/// One direction of an emulated link, as a calculation: packets and the time in, packets and the next deadline out
/// (microseconds). The same seed and the same input give the same fate to every packet.
/// </summary>
public sealed class LinkQueue
{
    private readonly PriorityQueue<byte[], (long At, long Order)> _underWay = new();
    private readonly Random _random;

    private LinkConditions _conditions;
    private long _order;
    private long _bottleneckFree;

    public LinkQueue(LinkConditions conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        _conditions = conditions;
        _random = new Random(conditions.Seed);
    }

    /// <summary>May be replaced while packets are under way, from any thread; those keep their times.</summary>
    public LinkConditions Conditions
    {
        get => Volatile.Read(ref _conditions);
        set => Volatile.Write(ref _conditions, value);
    }

    public long Received { get; private set; }

    public long Lost { get; private set; }

    public long Overflowed { get; private set; }

    public long Reordered { get; private set; }

    public long Duplicated { get; private set; }

    /// <summary>When the next packet arrives; <see cref="long.MaxValue"/> when none is under way.</summary>
    public long NextDeadline => _underWay.TryPeek(out _, out var priority) ? priority.At : long.MaxValue;

    public void Enqueue(ReadOnlySpan<byte> packet, long now)
    {
        var conditions = Conditions;
        Received++;
        if (Happens(conditions.Loss))
        {
            Lost++;
            return;
        }

        if (_underWay.Count >= conditions.QueueLimit)
        {
            Overflowed++;
            return;
        }

        long at = now;
        if (conditions.BitsPerSecond > 0)
        {
            _bottleneckFree = Math.Max(_bottleneckFree, now) + packet.Length * 8_000_000L / conditions.BitsPerSecond;
            at = _bottleneckFree;
        }

        at += conditions.Delay;
        if (Happens(conditions.Reorder))
        {
            Reordered++;
            at += conditions.ReorderDelay;
        }

        byte[] copy = packet.ToArray();
        _underWay.Enqueue(copy, (at, _order++));
        if (Happens(conditions.Duplicate))
        {
            Duplicated++;
            _underWay.Enqueue(copy, (at, _order++));
        }
    }

    /// <summary>The next packet that has arrived by now.</summary>
    public bool TryDequeue(long now, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (NextDeadline > now)
            return false;
        packet = _underWay.Dequeue();
        return true;
    }

    private bool Happens(double probability) => probability > 0 && _random.NextDouble() < probability;
}
