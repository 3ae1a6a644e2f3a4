namespace Keyhole.Connector;

/// <summary>A token bucket that fills once a second's worth: how many denials may be told to clients rather than dropped in silence.</summary>
internal struct DenialBucket(int perSecond)
{
    private const long Second = 1_000_000;

    private long _windowStart = long.MinValue / 2;
    private int _used;

    public bool TryTake(long now)
    {
        if (now - _windowStart >= Second)
        {
            _windowStart = now;
            _used = 0;
        }

        return _used++ < perSecond;
    }
}
