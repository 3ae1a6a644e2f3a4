namespace Keyhole.Perf;

/// <summary>Processor time per forwarded datagram, against the same loop in C, one datagram per call, and the kernel's own DNAT.</summary>
internal sealed class FloodSection(RelayGround ground, IReadOnlyList<Forwarder> forwarders)
{
    internal const string Ours = "relay", Batch = "c_batch", Single = "c_single", Kernel = "kernel_dnat", Void = "void";

    private const int RoundCount = 5;

    /// <param name="renew">Makes the sessions anew through the relay, which forwards none for longer than 190 s.</param>
    internal void Run(Report report, Action renew)
    {
        var tables = new List<FloodTable>();
        foreach (bool isCloud in new[] { true, false })
        {
            renew();
            ground.SetSink(drops: true);
            ground.SetLinks(isCloud);
            foreach (var cell in FloodCell.All.Where(cell => cell.IsCloud == isCloud))
            {
                var table = new FloodTable(cell);
                for (int round = 0; round < RoundCount; round++)
                    foreach (var forwarder in forwarders)
                        table.Add(forwarder.Name, Flood.Run(ground, forwarder, cell));
                Print(report, table);
                tables.Add(table);
            }
        }

        var cloud = tables.Where(table => table.Cell.IsCloud).ToList();
        var plain = tables.Where(table => !table.Cell.IsCloud).ToList();
        report.Set("cpu_vs_c", Contest.Median(tables.Select(table => table.Forwarding(Ours) / table.Forwarding(Batch))));
        report.Set("cpu_vs_single", Contest.Median(plain.Select(table => table.Forwarding(Ours) / table.Forwarding(Single))));
        report.Set("cpu_vs_single_offload", Contest.Median(cloud.Select(table => table.Forwarding(Ours) / table.Forwarding(Single))));
        report.Set("cpu_vs_dnat", Contest.Median(plain.Select(VersusKernel)));
    }

    private static double VersusKernel(FloodTable table) => (table.Forwarding(Ours) + table.Arrival(Ours, Void)) / table.Arrival(Kernel, Void);

    private static void Print(Report report, FloodTable table)
    {
        var cell = table.Cell;
        foreach (string name in table.Names.Where(name => name != Void))
            report.Row(
                ("suite", "relay"), ("link", cell.IsCloud ? "cloud" : "plain"), ("bytes", cell.Size), ("flows", cell.FlowCount), ("burst", cell.Burst), ("case", name),
                ("ns", table.Forwarding(name)), ("arrival_ns", table.Arrival(name, Void)), ("packets_per_s", table.Median(name, result => result.LeftPerSecond)),
                ("sent_per_s", table.Median(name, result => result.SentPerSecond)));
    }
}
