using System.Globalization;
using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>The relay under a mixed load for a while: its memory stays as it is, and packets cause no garbage collection. Drawing: <see cref="StockPair"/>.</summary>
[SideBySide]
public class BlindSoakTests(ITestOutputHelper output)
{
    private const long RoomToGrow = 8 << 20;

    /// <summary>With the smallest of objects for each, three times what else may be allocated.</summary>
    private const long MinimumPackets = 10_000;

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    public void Half_a_minute_of_mixed_load_leaves_memory_as_it_was() => Soak(TimeSpan.FromSeconds(30));

    [LongFact(inLab: true, "wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    public void Ten_minutes_of_mixed_load_leave_memory_as_it_was() => Soak(TimeSpan.FromMinutes(10));

    /// <summary>TCP both ways between one pair, UDP between another, a pulse beside them, and registrations that are renewed all the time.</summary>
    private void Soak(TimeSpan duration)
    {
        using var pair = new StockPair(thirdGranted: true, environment: new() { ["KEYHOLE_WIREGUARD_REKEY_AFTER"] = "3" });
        pair.UntilConnected();
        using var third = pair.StartThird();
        pair.Network.Until("third reaches the branch", () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        Iperf3.Serve(pair.World.Topology, pair.World.Branch);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        Run(pair, TimeSpan.FromSeconds(4));
        var (before, memory) = (pair.Status, ResidentBytes(pair.Network.Relay.Id));
        pulse.Reset();
        Run(pair, duration);
        var (after, growth) = (pair.Status, ResidentBytes(pair.Network.Relay.Id) - memory);

        long packets = Number(after, "blind", "packets") - Number(before, "blind", "packets");
        long bytes = Number(after, "dataPath", "allocatedBytes") - Number(before, "dataPath", "allocatedBytes");
        int[] collections = [.. Collections(after).Zip(Collections(before), (now, then) => now - then)];
        output.WriteLine(
            $"{packets} packets in {duration.TotalSeconds:F0} s: {bytes} bytes allocated by data threads, collections by generation {string.Join(", ", collections)}, "
            + $"resident memory {memory >> 10} KiB, grown by {growth >> 10} KiB; {pulse.Report()}");
        Assert.True(packets > MinimumPackets, $"only {packets} packets: an allocation for each would not be seen");
        Assert.True(bytes < 64 * 1024 + packets / 100, $"{bytes} bytes allocated over {packets} packets");

        // What the host itself does (status, reports to Control) costs one young collection now and then, whatever passes.
        Assert.True(collections[1] <= duration.TotalMinutes, $"{collections[1]} collections of generation 1 and above");
        Assert.True(growth < RoomToGrow, $"{growth} bytes");
        pair.Network.UntilEchoed("the session lives", pulse);
    }

    private static void Run(StockPair pair, TimeSpan duration)
    {
        string seconds = duration.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var tcp = Task.Run(() => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", seconds, "--bidir", "-b", "60M"));
        var udp = Task.Run(() => Iperf3.Run(pair.World.Tablet, StockPair.OtherAddress, "-t", seconds, "-u", "-b", "20M", "-l", "600"));
        Task.WaitAll(tcp, udp);
    }

    private static long Number(JsonElement status, string part, string name) => status.GetProperty(part).GetProperty(name).GetInt64();

    private static IEnumerable<int> Collections(JsonElement status) => status.GetProperty("dataPath").GetProperty("collections").EnumerateArray().Select(count => count.GetInt32());

    private static long ResidentBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
