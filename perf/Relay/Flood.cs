using System.Globalization;
using System.Text.Json;

namespace Keyhole.Perf;

/// <summary>Loads one forwarder as hard as one core can and accounts for the time that it took.</summary>
internal static class Flood
{
    private const double Seconds = 0.35;

    internal static FloodResult Run(RelayGround ground, Forwarder forwarder, FloodCell cell)
    {
        long before = ProcessorTime.OfSoftirqThread(RelayGround.LoadCore);
        var process = forwarder.Process;
        long cpu = process is null ? 0 : ProcessorTime.Of(process.Id);
        var sent = process is null ? default : LinkCounters.Sent(process, "out0");
        string output = Pinned.Run(ground.Load, RelayGround.LoadCore, Baselines.Flood, forwarder.Target, forwarder.Flows,
            $"{cell.FlowCount}", $"{cell.Size}", $"{cell.Burst}", Seconds.ToString(CultureInfo.InvariantCulture));
        using var load = JsonDocument.Parse(output);
        double count = load.RootElement.GetProperty("sent").GetDouble(), elapsed = load.RootElement.GetProperty("seconds").GetDouble();
        double loadTime = load.RootElement.GetProperty("cpu_ns").GetDouble() + ProcessorTime.OfSoftirqThread(RelayGround.LoadCore) - before;
        if (process is null)
            return new FloodResult(loadTime / count, 0, count / elapsed, 0);
        // What stood in its queue still leaves.
        Thread.Sleep(30);
        double left = LinkCounters.Datagrams(sent, LinkCounters.Sent(process, "out0"), cell.Size);
        return new FloodResult(loadTime / count, left < 1 ? double.NaN : (ProcessorTime.Of(process.Id) - cpu) / left, count / elapsed, left / elapsed);
    }
}
