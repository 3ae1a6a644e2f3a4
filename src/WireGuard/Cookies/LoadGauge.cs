namespace Keyhole.WireGuard;

/// <summary>Whether handshakes come faster than the policy allows: one token bucket over all sources, with a hold after each excess.</summary>
public sealed class LoadGauge(LoadPolicy policy)
{
    private const long Second = 1_000_000;

    private long _fullAt;
    private long _heldUntil = long.MinValue;

    /// <summary>Counts one handshake and says whether the device is under load.</summary>
    public bool Count(long now)
    {
        if (policy.HandshakesPerSecond == int.MaxValue)
            return false;
        if (policy.HandshakesPerSecond == 0)
            return true;
        // Nanoseconds, so that rates that do not divide a second are kept.
        long interval = Second * 1000 / policy.HandshakesPerSecond;
        long nowNanoseconds = now * 1000;
        long fullAt = Math.Max(_fullAt, nowNanoseconds);
        if (fullAt - nowNanoseconds > interval * (policy.Burst - 1))
            _heldUntil = now + policy.Hold;
        else
            _fullAt = fullAt + interval;
        return now < _heldUntil;
    }
}
