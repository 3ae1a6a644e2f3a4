namespace Keyhole.Client.Tests;

/// <summary>A clock on which every wait is over at once, and has taken its time.</summary>
internal sealed class HastyTime : TimeProvider
{
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Waits so far, in order.</summary>
    public List<TimeSpan> Waits { get; } = [];

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Add(dueTime);
        Interlocked.Add(ref _now, dueTime.Ticks);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
