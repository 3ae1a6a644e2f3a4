using System.Diagnostics;

namespace Keyhole.Net;

/// <summary>The clock of every program: microseconds since an arbitrary start, never set back.</summary>
public static class MonotonicClock
{
    private static readonly double TicksToMicroseconds = 1e6 / Stopwatch.Frequency;
    private static readonly long TicksPerMicrosecond = Stopwatch.Frequency % 1_000_000 == 0 ? Stopwatch.Frequency / 1_000_000 : 0;

    /// <summary>Microseconds.</summary>
    public static long Now => TicksPerMicrosecond != 0
        ? Stopwatch.GetTimestamp() / TicksPerMicrosecond
        : (long)(Stopwatch.GetTimestamp() * TicksToMicroseconds);
}
