namespace Keyhole.Net;

/// <summary>Timestamps of <see cref="MonotonicClock"/>.</summary>
internal sealed class MonotonicTimeProvider : TimeProvider
{
    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => MonotonicClock.Now;
}
