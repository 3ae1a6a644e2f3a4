using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>The shipped relay as a blind forwarder: processor time, latency, loss and order, against the same loop in C, a plain forwarder and the kernel.</summary>
internal sealed class RelaySuite : Suite
{
    private const int RelayPort = 21820;
    private const int BatchPort = 21881;
    private const int SinglePort = 21882;
    private const int WidePort = 21822;
    private const string RelayName = "vps";
    private const string WideName = "wide";

    internal override string Name => "relay";

    internal override string Summary => "blind forwarding of the shipped relay against the same loop in C, one datagram per call, and the kernel's DNAT";

    internal override IReadOnlyList<string> Keys =>
    [
        "cpu_vs_c", "cpu_vs_single", "cpu_vs_single_offload", "cpu_vs_dnat", "blind_vs_direct", "p50_vs_c", "p99_vs_c",
        "lost_packets", "reordered_packets", "allocated_bytes",
    ];

    internal override void Run(Report report, string[] arguments)
    {
        if (LabFactAttribute.Missing("wireguard-go", "wg", "iperf3", "ethtool", "gcc", "taskset") is { } missing)
        {
            report.Note($"Nothing can be measured: this {missing}.");
            return;
        }

        if (Environment.ProcessorCount < 2)
        {
            report.Note("Nothing can be measured: the load and the relay need a core each.");
            return;
        }

        using var ground = new RelayGround();
        var pairs = new StockPairs(ground);
        using PrivateKey machine = PrivateKey.Generate(RandomSource.System), connector = PrivateKey.Generate(RandomSource.System);
        using var network = new KeyholeNetwork(ground.Topology, ground.Relay, RelayGround.RelayAddress, RelayYaml.Write(
            [(RelayName, $"{RelayGround.RelayAddress}:{RelayPort}"), (WideName, $"{RelayGround.RelayAddress}:{WidePort}")], [.. pairs.PublicKeys, (machine.PublicKey.ToString(), connector.PublicKey.ToString())]));
        var relay = network.StartRelay(ground.Relay, RelayName, $"{RelayGround.RelayCore}", "--listen", $"[::]:{RelayPort}");
        var relayKey = PublicKey.Parse(network.PublicKey(RelayName));

        string flows = Path.Combine(ground.Files, "relay"), baselineFlows = Path.Combine(ground.Files, "baselines");
        Renew();
        File.Copy(flows, baselineFlows);
        Forwarder ours = new(FloodSection.Ours, $"{RelayGround.RelayAddress}:{RelayPort}", flows, relay);
        Forwarder batch = Baseline(FloodSection.Batch, Baselines.ForwardBatch, BatchPort), single = Baseline(FloodSection.Single, Baselines.ForwardSingle, SinglePort);
        foreach (var forwarder in new[] { ours, batch, single })
            Pinned.Prefer(forwarder.Process!.Id, isAhead: true);
        new ProbeSection(ground, ours, batch).Run(report, () => network.RelayStatus(RelayName).GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64());
        new ThroughputSection(ground, machine, connector).Run(report, relay, relayKey, RelayPort);
        new FloodSection(
            ground,
            [
                ours, batch, single,
                new(FloodSection.Kernel, $"{RelayGround.KernelAddress}:{RelayGround.KernelPort}", baselineFlows, null),
                new(FloodSection.Void, $"{RelayGround.VoidAddress}:9", baselineFlows, null),
            ]).Run(report, Renew);

        var wide = network.StartRelay(ground.Relay, WideName, "0,1", "--listen", $"[::]:{WidePort}", "--threads", "2");
        Renew();
        Pinned.Prefer(wide.Id, isAhead: true);
        new ThreadsSection(ground, ours, new("wide", $"{RelayGround.RelayAddress}:{WidePort}", Connect("wide", WideName, WidePort), wide)).Run(report);

        void Renew() => Connect("relay", RelayName, RelayPort);

        // Sessions through a relay: what it forwards from now on is what these would carry.
        string Connect(string file, string name, int port)
        {
            ground.SetSink(drops: false);
            string path = Path.Combine(ground.Files, file);
            FlowList.Write(path, pairs.Connect(PublicKey.Parse(network.PublicKey(name)), port));
            return path;
        }

        Forwarder Baseline(string name, string program, int port)
        {
            var process = Pinned.Start(ground.Topology, ground.Relay, RelayGround.RelayCore, program, $"{port}", baselineFlows);
            process.WaitForLine("ready", TimeSpan.FromSeconds(10));
            return new Forwarder(name, $"{RelayGround.RelayAddress}:{port}", baselineFlows, process);
        }
    }
}
