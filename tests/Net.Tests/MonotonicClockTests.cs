using System.Diagnostics;
using System.Globalization;

namespace Keyhole.Net.Tests;

public class MonotonicClockTests
{
    [Fact]
    [Trait("Threat", "14")]
    public void It_counts_the_time_that_the_machine_was_asleep()
    {
        if (!OperatingSystem.IsLinux())
            return;

        // The first number counts it, too. In a time namespace both are shifted alike.
        double before = UpTime();
        double now = MonotonicClock.Now / 1e6;
        Assert.InRange(now, before - 0.1, UpTime() + 0.1);
    }

    [Fact]
    public void It_never_goes_back_and_keeps_step_with_the_stopwatch()
    {
        long start = MonotonicClock.Now, last = start;
        var watch = Stopwatch.StartNew();
        while (watch.ElapsedMilliseconds < 50)
        {
            long now = MonotonicClock.Now;
            Assert.True(now >= last);
            last = now;
        }

        long end = MonotonicClock.Now;
        Assert.InRange(end - start, 49_000, watch.Elapsed.TotalMicroseconds + 1_000);
    }

    [Fact]
    public void Its_provider_measures_the_same()
    {
        long before = MonotonicClock.Now;
        long stamp = MonotonicClock.Provider.GetTimestamp();
        Assert.InRange(stamp, before, MonotonicClock.Now);
        Assert.Equal(TimeSpan.FromSeconds(3), MonotonicClock.Provider.GetElapsedTime(stamp, stamp + 3_000_000));
    }

    /// <summary>Seconds, to hundredths.</summary>
    private static double UpTime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
}
