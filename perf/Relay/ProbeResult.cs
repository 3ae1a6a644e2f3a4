namespace Keyhole.Perf;

/// <summary>What became of datagrams sent at a fixed rate. Times are microseconds from sending to receiving.</summary>
/// <param name="Reordered">Behind a later one of their flow, or not what was sent.</param>
/// <param name="Late">How often the sender itself fell a millisecond behind.</param>
internal readonly record struct ProbeResult(long Sent, long Lost, long Reordered, long Late, double Least, double Median, double P99);
