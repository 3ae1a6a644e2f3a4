namespace Keyhole.Client.Tests.Names;

/// <summary>A clock that the test moves.</summary>
internal sealed class FakeTime : TimeProvider
{
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public void Pass(TimeSpan time) => _now += time.Ticks;
}
