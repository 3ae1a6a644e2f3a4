namespace Keyhole.System.Tests;

/// <param name="P50">Median round trip, microseconds.</param>
/// <param name="P99">Microseconds.</param>
internal sealed record PulseReport(int Sent, int Received, int Reordered, TimeSpan LongestGap, double P50, double P99)
{
    public double LostPercent => Sent == 0 ? 0 : 100.0 * (Sent - Received) / Sent;

    public override string ToString() =>
        $"{Sent} sent, {LostPercent:F2} % lost, {Reordered} reordered, longest gap {LongestGap.TotalMilliseconds:F0} ms, round trip p50 {P50:F0} us, p99 {P99:F0} us";
}
