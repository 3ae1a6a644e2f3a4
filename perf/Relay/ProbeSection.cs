namespace Keyhole.Perf;

/// <summary>The time that the relay adds at a modest rate, against the same loop in C; loss, order and allocations over a million datagrams in bursts.</summary>
internal sealed class ProbeSection(RelayGround ground, Forwarder ours, Forwarder batch)
{
    private const int RoundCount = 9;
    private const int Rate = 25_000;
    private const int BurstRate = 100_000;
    private const int BurstPackets = 1_000_000;

    private static readonly FloodCell s_single = new(IsCloud: true, 160, FlowCount: 1, Burst: 1);
    private static readonly FloodCell s_bursts = new(IsCloud: false, 1420, FlowList.Count, Burst: 64);

    /// <param name="allocated">Managed bytes that the relay's data threads have allocated since they started.</param>
    internal void Run(Report report, Func<long> allocated)
    {
        ground.SetSink(drops: false);
        ground.SetLinks(areCloud: true);
        var rounds = new List<(ProbeResult Ours, ProbeResult Batch)>();
        for (int round = 0; round < RoundCount; round++)
            rounds.Add((Probe.Run(ground, ours, s_single, Rate, Rate), Probe.Run(ground, batch, s_single, Rate, Rate)));
        var (median, p99) = Print(report, ours.Name, rounds.Select(round => round.Ours));
        var (batchMedian, batchP99) = Print(report, batch.Name, rounds.Select(round => round.Batch));
        report.Set("p50_vs_c", median / batchMedian);
        report.Set("p99_vs_c", p99 / batchP99);

        ground.SetLinks(areCloud: false);
        long before = allocated();
        var bursts = Probe.Run(ground, ours, s_bursts, BurstRate, BurstPackets);
        long bytes = allocated() - before;
        report.Row(
            ("suite", "relay"), ("case", "bursts"), ("rate", BurstRate), ("bytes", s_bursts.Size), ("flows", s_bursts.FlowCount), ("burst", s_bursts.Burst), ("packets", bursts.Sent),
            ("lost", bursts.Lost), ("reordered", bursts.Reordered), ("late", bursts.Late), ("p50_us", bursts.Median), ("p99_us", bursts.P99), ("allocated_bytes", bytes));
        report.Set("lost_packets", bursts.Lost);
        report.Set("reordered_packets", bursts.Reordered);
        report.Set("allocated_bytes", bytes);
    }

    private static (double Median, double P99) Print(Report report, string name, IEnumerable<ProbeResult> results)
    {
        double median = Contest.Median(results.Select(result => result.Median)), p99 = Contest.Median(results.Select(result => result.P99));
        report.Row(
            ("suite", "relay"), ("case", name), ("rate", Rate), ("bytes", s_single.Size), ("min_us", results.Min(result => result.Least)), ("p50_us", median), ("p99_us", p99));
        return (median, p99);
    }
}
