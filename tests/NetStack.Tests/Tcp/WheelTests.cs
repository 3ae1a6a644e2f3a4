using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class WheelTests(ITestOutputHelper output)
{
    private const long Tick = 1 << 10;

    [Fact]
    public void Fires_each_entry_once_not_before_its_deadline_and_at_most_a_tick_after()
    {
        int seed = Seed.FromEnvironment();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        var random = new Random(seed);
        for (int round = 0; round < 50; round++)
        {
            var wheel = new Wheel();
            long now = random.NextInt64(1L << random.Next(10, 45));
            Assert.False(wheel.TryExpire(now, out _));
            var due = new Dictionary<Connection, long>();
            for (int step = 0; step < 400; step++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        var entry = new Entry();
                        long deadline = now + random.NextInt64(1L << random.Next(1, 40));
                        wheel.Schedule(entry, deadline);
                        due[entry] = deadline;
                        break;
                    case 1 when due.Count > 0:
                        var moved = due.Keys.ElementAt(random.Next(due.Count));
                        due[moved] = now + random.NextInt64(1L << random.Next(1, 40));
                        wheel.Schedule(moved, due[moved]);
                        break;
                    case 2 when due.Count > 0:
                        var cancelled = due.Keys.ElementAt(random.Next(due.Count));
                        wheel.Cancel(cancelled);
                        due.Remove(cancelled);
                        break;
                    default:
                        now = random.Next(3) == 0 && wheel.NextDeadline != long.MaxValue
                            ? Math.Max(now, wheel.NextDeadline)
                            : now + random.NextInt64(1L << random.Next(1, 36));
                        while (wheel.TryExpire(now, out var expired))
                        {
                            Assert.True(due.Remove(expired!, out long at), "Fired twice, or after Cancel.");
                            Assert.True(at <= now, "Fired before its deadline.");
                        }

                        Assert.DoesNotContain(due.Values, at => at + Tick <= now);
                        break;
                }

                Assert.Equal(due.Count, wheel.Count);
                if (due.Count > 0)
                    Assert.True(wheel.NextDeadline <= due.Values.Min() + Tick, $"round {round} step {step}: the next deadline comes too late: {wheel.NextDeadline} for {due.Values.Min()} at {now}");
                else
                    Assert.Equal(long.MaxValue, wheel.NextDeadline);
            }
        }
    }

    [Fact]
    [Trait("Pitfall", "P33")]
    public void An_entry_that_arms_itself_in_the_past_does_not_hold_the_clock()
    {
        var wheel = new Wheel();
        var entry = new Entry();
        wheel.Schedule(entry, 5_000);
        int fired = 0;
        while (wheel.TryExpire(3_600_000_000, out var expired))
        {
            fired++;
            wheel.Schedule(expired!, 6_000);
        }

        Assert.Equal(1, fired);
        Assert.InRange(wheel.NextDeadline, 3_600_000_000 - Tick, 3_600_000_000 + (2 * Tick));
    }

    [Fact]
    public void Beyond_its_horizon_it_fires_early_and_often_enough()
    {
        var wheel = new Wheel();
        long deadline = 100L * 24 * 3600 * 1_000_000;
        var entry = new Entry();
        wheel.Schedule(entry, deadline);
        int fired = 0;
        long now = 0;
        while (now < deadline)
        {
            now = wheel.NextDeadline;
            while (wheel.TryExpire(now, out var expired))
            {
                fired++;
                if (now < deadline)
                    wheel.Schedule(expired!, deadline);
            }
        }

        Assert.InRange(fired, 3, 10);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void A_machine_that_has_been_up_for_years_does_not_hold_it()
    {
        var wheel = new Wheel();
        long now = 3L * 365 * 24 * 3600 * 1_000_000;
        var entries = Enumerable.Range(0, 100).Select(_ => new Entry()).ToArray();
        foreach (var entry in entries)
            wheel.Schedule(entry, now + 500_000);
        int fired = 0;
        while (wheel.TryExpire(now, out var expired))
        {
            fired++;
            wheel.Schedule(expired!, now + 500_000);
        }

        Assert.InRange(fired, 0, 100 * 50);
        Assert.InRange(wheel.NextDeadline, now, now + 500_000 + Tick);
        now += 500_000 + Tick;
        for (fired = 0; wheel.TryExpire(now, out _);)
            fired++;
        Assert.Equal(100, fired);
    }

    private sealed class Entry : Connection
    {
        internal override void Expire(long now)
        {
        }
    }
}
