using System.Diagnostics;

namespace Keyhole.Net;

/// <summary>
/// The clock of every program: microseconds since an arbitrary start, never set back. On Linux it goes on while the machine sleeps, so that keys and tables
/// grow old meanwhile; a wait that was under way stands still for as long, and whoever waits may wake late.
/// </summary>
public static unsafe class MonotonicClock
{
    private static readonly double TicksToMicroseconds = 1e6 / Stopwatch.Frequency;
    private static readonly long TicksPerMicrosecond = Stopwatch.Frequency % 1_000_000 == 0 ? Stopwatch.Frequency / 1_000_000 : 0;

    /// <summary>From Linux 2.6.39.</summary>
    private static readonly bool s_isBootTime = OperatingSystem.IsLinux() && TryReadBootTime(out _);

    /// <summary>Microseconds.</summary>
    public static long Now
    {
        get
        {
            if (s_isBootTime)
            {
                TryReadBootTime(out long now);
                return now;
            }

            return TicksPerMicrosecond != 0
                ? Stopwatch.GetTimestamp() / TicksPerMicrosecond
                : (long)(Stopwatch.GetTimestamp() * TicksToMicroseconds);
        }
    }

    /// <summary>The same clock for those that take a provider; the time of day and timers are the system's.</summary>
    public static TimeProvider Provider { get; } = new MonotonicTimeProvider();

    private static bool TryReadBootTime(out long now)
    {
        timespec time;
        bool isRead = Libc.clock_gettime(Libc.CLOCK_BOOTTIME, &time) == 0;
        now = isRead ? time.tv_sec * 1_000_000 + time.tv_nsec / 1000 : 0;
        return isRead;
    }
}
