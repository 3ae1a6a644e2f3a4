using System.Globalization;
using System.Text.Json;

namespace Keyhole.Perf;

/// <summary>Datagrams at a fixed rate through a forwarder, sent and received by one thread on the load's core.</summary>
internal static class Probe
{
    /// <param name="rate">Datagrams per second.</param>
    internal static ProbeResult Run(RelayGround ground, Forwarder forwarder, FloodCell cell, int rate, int packets)
    {
        string output = Pinned.Run(ground.Load, RelayGround.LoadCore, Baselines.Probe, forwarder.Target, forwarder.Flows,
            $"{cell.FlowCount}", $"{cell.Size}", $"{cell.Burst}", $"{rate}", packets.ToString(CultureInfo.InvariantCulture), ground.Sink.Name);
        using var document = JsonDocument.Parse(output);
        var root = document.RootElement;
        return new ProbeResult(Number("sent"), Number("lost"), Number("reordered") + Number("wrong"), Number("late"), Time("min_us"), Time("p50_us"), Time("p99_us"));

        long Number(string name) => root.GetProperty(name).GetInt64();
        double Time(string name) => root.GetProperty(name).GetDouble();
    }
}
