namespace Keyhole.Tunnel;

/// <summary>Lets <paramref name="perSecond"/> through per second, and <paramref name="capacity"/> at once.</summary>
internal struct TokenBucket(int capacity, int perSecond)
{
    private readonly long _interval = 1_000_000 / perSecond;
    private readonly long _capacity = 1_000_000L / perSecond * capacity;

    // The time up to which tokens are used up; it lags at most the capacity behind.
    private long _usedUntil = long.MinValue / 2;

    public bool TryTake(long now)
    {
        long from = Math.Max(_usedUntil, now - _capacity);
        if (from + _interval > now)
            return false;
        _usedUntil = from + _interval;
        return true;
    }
}
