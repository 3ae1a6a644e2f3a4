namespace Keyhole.Control.Tests;

/// <summary>Time that stands still until it is moved.</summary>
internal sealed class LoginClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public void Move(TimeSpan span) => _now += span;

    public override DateTimeOffset GetUtcNow() => _now;
}
