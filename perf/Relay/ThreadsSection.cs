namespace Keyhole.Perf;

/// <summary>Two threads with a socket each against one, over plain links. On two cores the load has to share one of them with the second thread.</summary>
internal sealed class ThreadsSection(RelayGround ground, Forwarder one, Forwarder two)
{
    private const int RoundCount = 5;

    private static readonly FloodCell s_cell = new(IsCloud: false, 1420, FlowList.Count, Burst: 16);

    internal void Run(Report report)
    {
        ground.SetSink(drops: true);
        ground.SetLinks(s_cell.IsCloud);
        var table = new FloodTable(s_cell);
        for (int round = 0; round < RoundCount; round++)
            foreach (var forwarder in new[] { one, two })
                table.Add(forwarder.Name, Flood.Run(ground, forwarder, s_cell));
        report.Row(
            ("suite", "relay"), ("case", "threads"), ("bytes", s_cell.Size), ("flows", s_cell.FlowCount), ("burst", s_cell.Burst), ("one_packets_per_s", Left(one)),
            ("two_packets_per_s", Left(two)), ("two_vs_one", Left(two) / Left(one)), ("cpu_two_vs_one", table.Forwarding(two.Name) / table.Forwarding(one.Name)));

        double Left(Forwarder forwarder) => table.Median(forwarder.Name, result => result.LeftPerSecond);
    }
}
