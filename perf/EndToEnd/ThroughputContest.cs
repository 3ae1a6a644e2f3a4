using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>iperf3 over several paths in turns, TCP with CUBIC, one stream, up and down; and what every program spent on it.</summary>
internal sealed class ThroughputContest(NetworkNamespace phone, IReadOnlyList<FlowPath> paths, int roundCount)
{
    private const string Seconds = "1.2";

    private readonly Dictionary<(string Path, bool Down), List<double>> _rates = [];
    private readonly Dictionary<(string Path, bool Down, string Process), List<double>> _times = [];

    internal void Run(Report report, string suite)
    {
        // The first transfers compile, size buffers and find routes.
        foreach (var path in paths)
            Measure(path, down: false);
        _rates.Clear();
        _times.Clear();
        for (int round = 0; round < roundCount; round++)
        {
            foreach (var path in paths)
            {
                Measure(path, down: false);
                Measure(path, down: true);
            }
        }

        foreach (var path in paths)
        {
            foreach (bool down in new[] { false, true })
                Print(report, suite, path, down);
        }
    }

    /// <summary>The median throughput of one path over that of another, the smaller of both directions: a tunnel is as fast as its slower side.</summary>
    internal double Ratio(string path, string baseline) => Math.Min(Ratio(path, baseline, false), Ratio(path, baseline, true));

    internal double Ratio(string path, string baseline, bool down) => Contest.Median(_rates[(path, down)]) / Contest.Median(_rates[(baseline, down)]);

    /// <summary>
    /// The median processor time per byte of one path over that of another, all of their programs together, the greater of both directions.
    /// </summary>
    internal double TimeRatio(string path, string baseline) => Math.Max(Time(path, false) / Time(baseline, false), Time(path, true) / Time(baseline, true));

    private double Time(string name, bool down) =>
        paths.First(path => path.Name == name).Processes.Sum(process => Contest.Median(_times[(name, down, process.Name)]));

    private void Measure(FlowPath path, bool down)
    {
        long[] before = [.. path.Processes.Select(process => process.Time())];
        string[] direction = down ? ["-R"] : [];
        var result = Iperf3.Run(phone, path.Target, ["-p", $"{path.Port}", "-t", Seconds, "-C", "cubic", .. direction]);
        Add(_rates, (path.Name, down), result.BitsPerSecond / 1e9);
        for (int i = 0; i < before.Length; i++)
            Add(_times, (path.Name, down, path.Processes[i].Name), (path.Processes[i].Time() - before[i]) / (double)Math.Max(result.Bytes, 1));
    }

    private void Print(Report report, string suite, FlowPath path, bool down)
    {
        var fields = new List<(string, object?)>
        {
            ("suite", suite), ("path", path.Name), ("direction", down ? "down" : "up"), ("gbit_s", Contest.Median(_rates[(path.Name, down)])),
            ("rounds", _rates[(path.Name, down)].Select(rate => Math.Round(rate, 2))),
        };
        foreach (var (name, _) in path.Processes)
            fields.Add(($"cpu_s_per_gb_{name}", Contest.Median(_times[(path.Name, down, name)])));
        report.Row([.. fields]);
    }

    private static void Add<T>(Dictionary<T, List<double>> lists, T key, double value) where T : notnull
    {
        if (!lists.TryGetValue(key, out var list))
            lists.Add(key, list = []);
        list.Add(value);
    }
}
