using System.Diagnostics;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Tunnel;

namespace Keyhole.Perf;

/// <summary>How long a table of 100,000 agents takes, and one row after it; and for how long the state is held at once.</summary>
internal static class SnapshotSection
{
    internal const int Agents = 100_000;
    private const int Runs = 5;

    internal static void Run(Report report)
    {
        Idle(report);
        var snapshot = ScaleTables.Of(Agents, 1);
        var delta = snapshot.Apply(DeltaOf(snapshot))!;
        Measure(ScaleTables.Of(1000, 1), null);
        var totals = new List<double>();
        for (int run = 0; run < Runs; run++)
        {
            var (whole, row) = Measure(snapshot, delta);
            totals.Add(whole.Total);
            report.Row(
                ("agents", Agents),
                ("snapshot_ms", whole.Total),
                ("compared_ms", whole.Compared),
                ("slices", whole.Slices),
                ("median_slice_ms", whole.Median),
                ("longest_slice_ms", whole.Longest),
                ("pause_ms", whole.Pause),
                ("allocated_mb", whole.Allocated),
                ("delta_ms", row.Total),
                ("delta_compared_ms", row.Compared),
                ("delta_longest_slice_ms", row.Longest));
        }

        report.Set("snapshot_100k_ms", Contest.Median(totals));
    }

    /// <summary>What the limits of the shipped relay cost before anybody is there.</summary>
    private static void Idle(Report report)
    {
        using var key = PrivateKey.Generate(RandomSource.System);
        ScaleRelay.Create(key, new ScaleRelay.Silence()).Dispose();
        GC.Collect();
        long before = Environment.WorkingSet;
        using var state = ScaleRelay.Create(key, new ScaleRelay.Silence());
        state.Apply(ScaleTables.Relay, ScaleTables.Of(2, 1), 1_000_000);
        report.Row(("idle_resident_mb", (Environment.WorkingSet - before) / 1e6));
    }

    internal static TableDelta DeltaOf(Table before) => new()
    {
        FromRevision = before.Revision,
        Revision = before.Revision + 1,
        Upserts = new Table
        {
            Revision = before.Revision + 1,
            Organisation = before.Organisation,
            Overlay = before.Overlay,
            Peers = [ScaleTables.Row(Agents + 1, PeerKind.Device)],
            Grants = [ScaleTables.Grant(Agents + 1)],
        },
    };

    private static (Times Snapshot, Times Delta) Measure(Table snapshot, Table? delta)
    {
        using var key = PrivateKey.Generate(RandomSource.System);
        using var state = ScaleRelay.Create(key, new ScaleRelay.Silence());
        GC.Collect();
        var whole = Apply(state, snapshot);
        if (state.AgentCount != snapshot.Peers.Count)
            throw new InvalidOperationException($"{snapshot.Peers.Count} agents became {state.AgentCount}.");
        return (whole, delta is null ? default : Apply(state, delta));
    }

    private static Times Apply(RelayState state, Table table)
    {
        var slices = new List<double>();
        long allocated = GC.GetTotalAllocatedBytes();
        var pause = GC.GetTotalPauseDuration();
        long start = Stopwatch.GetTimestamp();
        var prepared = state.Prepare(ScaleTables.Relay, table);
        double compared = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        for (bool isDone = false, isFirst = true; !isDone; isFirst = false)
        {
            long slice = Stopwatch.GetTimestamp();
            if (isFirst)
                state.BeginApply(prepared, 1_000_000);
            isDone = state.ContinueApply(1_000_000, out _);
            slices.Add(Stopwatch.GetElapsedTime(slice).TotalMilliseconds);
        }

        return new Times(
            Stopwatch.GetElapsedTime(start).TotalMilliseconds,
            compared,
            slices.Count,
            Contest.Median(slices),
            slices.Max(),
            (GC.GetTotalPauseDuration() - pause).TotalMilliseconds,
            (GC.GetTotalAllocatedBytes() - allocated) / 1e6);
    }

    private readonly record struct Times(double Total, double Compared, int Slices, double Median, double Longest, double Pause, double Allocated);
}
