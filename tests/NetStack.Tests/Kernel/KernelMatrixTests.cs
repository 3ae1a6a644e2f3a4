using System.Diagnostics;
using System.Globalization;
using System.Net;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>The whole matrix against the kernel, and the throughput that it takes from the same link. Minutes each.</summary>
[Collection("kernel")]
public class KernelMatrixTests(ITestOutputHelper output)
{
    private static readonly IPAddress Ours4 = StackHost.Ours4.ToIPAddress(), Theirs4 = StackHost.Theirs4.ToIPAddress();

    [LongFact(inLab: true)]
    public void A_gigabyte_each_way()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        bench.RoundTrip(Ours4, 1L << 30);
        bench.CheckEmpty();
    }

    [LongFact(inLab: true)]
    public void Every_kernel_setting_over_every_link_and_packet_size()
    {
        string[][] settings =
        [
            [],
            ["net.ipv4.tcp_sack=0"],
            ["net.ipv4.tcp_timestamps=0"],
            ["net.ipv4.tcp_window_scaling=0"],
            ["net.ipv4.tcp_dsack=0"],
            ["net.ipv4.tcp_ecn=1"],
        ];
        LinkConditions[] links =
        [
            new() { Delay = 5_000 },
            new() { Delay = 5_000, Loss = 0.01 },
            new() { Delay = 5_000, Loss = 0.03 },
            new() { Delay = 5_000, Loss = 0.1 },
            new() { Delay = 5_000, Reorder = 0.02, ReorderDelay = 2_000 },
            new() { Delay = 5_000, Loss = 0.01, Reorder = 0.05, ReorderDelay = 6_000, Duplicate = 0.01 },
        ];
        var cells = from setting in settings from link in links from mtu in new[] { 576, 1_280, 1_420 } from congestion in new[] { "cubic", "reno", "bbr" } select (setting, link, mtu, congestion);
        Parallel.ForEach(cells, new ParallelOptions { MaxDegreeOfParallelism = 6 }, cell =>
        {
            using var bench = new KernelBench(cell.link, cell.setting, cell.mtu, congestion: cell.congestion);
            bench.RoundTrip(Ours4, cell.link.Loss > 0.05 ? 300_000 : 1_000_000);
            bench.CheckEmpty();
        });
    }

    [LongFact(inLab: true)]
    public void Five_thousand_connections()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        byte[] expected = KernelPeer.DigestOf(100);
        var clock = Stopwatch.StartNew();
        Parallel.For(0, 5_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => Assert.Equal(expected, bench.Kernel.Upload(Ours4, 100)));
        output.WriteLine($"{5_000 / clock.Elapsed.TotalSeconds:F0} connections per second");
        bench.CheckEmpty();
    }

    /// <summary>The table "User space TCP" of docs/performance.md.</summary>
    [LongFact(inLab: true)]
    public void Throughput_against_the_kernels_own_over_the_same_link()
    {
        (string Name, LinkConditions Link)[] rows =
        [
            ("0.1 % lost", new() { Delay = 10_000, Loss = 0.001 }),
            ("1 % lost", new() { Delay = 10_000, Loss = 0.01 }),
            ("3 % lost", new() { Delay = 10_000, Loss = 0.03 }),
            ("1 % reordered by 2 ms", new() { Delay = 10_000, Reorder = 0.01, ReorderDelay = 2_000, BitsPerSecond = 100_000_000, QueueLimit = 400 }),
        ];
        output.WriteLine("| 20 ms, CUBIC | kernel to kernel | we send | we receive | sent / kernel | received / kernel |");
        foreach (var (name, link) in rows)
        {
            var kernel = new List<double>();
            var sent = new List<double>();
            var received = new List<double>();
            for (int run = 0; run < 5; run++)
            {
                // Neighbouring runs share whatever else the machine does.
                var seeded = link with { Seed = 100 + (run * 10) };
                kernel.Add(BetweenKernels(seeded));
                using var bench = new KernelBench(seeded);
                sent.Add(Rate(bench.Kernel.Download(Ours4, long.MaxValue / 2, atMost: Duration).Length));
                long before = bench.Host.Ask(stack => stack.Counters.BytesReceived);
                bench.Kernel.UploadFor(Ours4, Duration);
                received.Add(Rate(bench.Host.Ask(stack => stack.Counters.BytesReceived) - before));
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Median(kernel):F1} | {Median(sent):F1} | {Median(received):F1} | {Median(sent) / Median(kernel):F2} | {Median(received) / Median(kernel):F2} |"));
            Assert.True(Median(sent) >= 0.5 * Median(kernel), $"{name}: we send at less than half of the kernel's speed");
        }
    }

    private static TimeSpan Duration => TimeSpan.FromSeconds(6);

    private static double Rate(long bytes) => bytes * 8 / Duration.TotalSeconds / 1e6;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double BetweenKernels(LinkConditions link)
    {
        using var topology = new Topology();
        var left = topology.Host("left");
        var right = topology.Host("right");
        topology.Own(LinkEmulator.Lay(left, "tun0", ["10.9.0.1/16"], right, "tun0", ["10.9.0.2/16"], link, link with { Seed = link.Seed + 1 }, mtu: 1_420));
        using var server = topology.Own(new KernelPeer(right).Serve(6_001, 6_002));
        return Rate(new KernelPeer(left).Download(Theirs4, long.MaxValue / 2, 6_002, Duration).Length);
    }
}
