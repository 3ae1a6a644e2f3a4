namespace Keyhole.System.Tests;

/// <summary>
/// Holds something against a clock on a machine that may stand still meanwhile: what is promised must be seen once in three times. A product that is too slow is so
/// each time, and fails.
/// </summary>
internal static class BestOfThree
{
    private const int Count = 3;

    /// <summary>Measures until what is promised was held, and fails when it never was.</summary>
    /// <returns>The time that held it.</returns>
    public static TimeSpan Within(TimeSpan promise, string what, Func<TimeSpan> measure) =>
        Where(time => time <= promise, $"{what} within {promise.TotalSeconds} s", measure, time => time == TimeSpan.MaxValue ? "never" : $"{time.TotalMilliseconds:F0} ms");

    /// <summary>Measures until the condition is true of what was measured, and fails when it never was.</summary>
    public static T Where<T>(Func<T, bool> holds, string what, Func<T> measure, Func<T, string>? describe = null)
    {
        var seen = new List<string>();
        while (true)
        {
            var measured = measure();
            if (holds(measured))
                return measured;
            seen.Add(describe is null ? $"{measured}" : describe(measured));
            Assert.True(seen.Count < Count, $"{what}: not once, but {string.Join("; ", seen)}");
        }
    }
}
