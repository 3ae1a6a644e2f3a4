using Keyhole.Cryptography;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>What a stock WireGuard app gets from relay and connector, against wireguard-go at both ends.</summary>
internal sealed class ConnectorSuite : Suite
{
    private const int RoundCount = 5;
    private const int LeastPackets = 10_000;
    private const string Baseline = "wireguard-go";
    private const string Gateway = "gateway";
    private const string Direct = "direct";

    internal override string Name => "connector";

    internal override string Summary => "stock app through the gateway and straight to the connector, against wireguard-go at both ends";

    internal override IReadOnlyList<string> Keys => ["stock_direct_vs_wireguard_go", "gateway_vs_wireguard_go", "flows_per_s_vs_loopback", "loss_1pct_vs_kernel", "allocated_bytes"];

    internal override void Run(Report report, string[] arguments)
    {
        if (LabFactAttribute.Missing("wireguard-go", "wg", "iperf3", "taskset") is { } missing)
        {
            report.Note($"Nothing can be measured: this {missing}.");
            return;
        }

        if (arguments is ["flows"])
        {
            FlowsAlone(report);
            return;
        }

        Straight(report);
        report.Set("loss_1pct_vs_kernel", LossSection.Run(report));
    }

    private void Straight(Report report)
    {
        using var ground = new FlowGround();
        using var network = new KeyholeNetwork(ground.Topology, ground.Vps, FlowGround.RelayAddress, FlowGround.Description);
        var relay = network.StartRelay(ground.Vps, "vps", FlowGround.AllCores, "--listen", $"{FlowGround.RelayAddress}:21820");
        var connector = network.StartConnector(ground.Office, "office-1", FlowGround.AllCores);
        string configuration = network.Configuration("phone");
        string overlay = FlowGround.Overlay(configuration);
        var app = ground.Topology.Own(WireGuardGo.Start(ground.Phone, "khbg", configuration));
        var (near, far) = StockNodes.Connect(ground);
        using PrivateKey node = PrivateKey.Generate(RandomSource.System), site = PrivateKey.Generate(RandomSource.System);
        var straight = StockNodes.ForDirectSite(ground, node, site);
        using var direct = new DirectSite(ground.Office, site, node.PublicKey.ToString()!, $"{FlowGround.PhoneAddress}:51821");
        Iperf3.Serve(ground.Topology, ground.Servers);
        foreach (string target in new[] { overlay, DirectSite.ServerAddress, FlowGround.StockServer })
            network.Until($"{target} answers", 20, () => LabProcess.TryRun("ip", "netns", "exec", ground.Phone.Name, "ping", "-c", "1", "-W", "1", target));

        report.Row(("suite", Name), ("case", "stock nodes"), ("version", StockNodes.Version()), ("mtu_wireguard_go", StockNodes.Mtu), ("mtu_gateway", 1280));
        report.Note("direct: the connector's data path in the benchmark's process with the stock node in the place of its relay; the shipped connector has no such mode.");
        var contest = new ThroughputContest(
            ground.Phone,
            [
                new FlowPath(Baseline, FlowGround.StockServer, 5201, ("app", () => ProcessorTime.Of(near.Process.Id)), ("site", () => ProcessorTime.Of(far.Process.Id))),
                new FlowPath(Gateway, overlay, 5201, ("app", () => ProcessorTime.Of(app.Process.Id)), ("relay", () => ProcessorTime.Of(relay.Id)), ("site", () => ProcessorTime.Of(connector.Id))),
                new FlowPath(Direct, DirectSite.ServerAddress, 5201, ("app", () => ProcessorTime.Of(straight.Process.Id)), ("site", DirectSite.Time)),
            ],
            RoundCount);
        contest.Run(report, Name);
        report.Set("gateway_vs_wireguard_go", contest.Ratio(Gateway, Baseline));
        report.Set("stock_direct_vs_wireguard_go", contest.Ratio(Direct, Baseline));
        RoundTrips(report, ground, overlay);
        report.Set("flows_per_s_vs_loopback", FlowRates(report, ground, overlay));
        Allocated(report, ground, network, overlay);
        report.Row(("suite", Name), ("case", "memory"), ("relay_rss_mb", Resident(relay.Id)), ("connector_rss_mb", Resident(connector.Id)));
    }

    /// <summary>What <see cref="FlowRates"/> needs and nothing else: for work on the way a flow is opened.</summary>
    private void FlowsAlone(Report report)
    {
        using var ground = new FlowGround();
        using var network = new KeyholeNetwork(ground.Topology, ground.Vps, FlowGround.RelayAddress, FlowGround.Description);
        network.StartRelay(ground.Vps, "vps", FlowGround.AllCores, "--listen", $"{FlowGround.RelayAddress}:21820");
        network.StartConnector(ground.Office, "office-1", FlowGround.AllCores);
        string configuration = network.Configuration("phone");
        string overlay = FlowGround.Overlay(configuration);
        ground.Topology.Own(WireGuardGo.Start(ground.Phone, "khbg", configuration));
        network.Until($"{overlay} answers", 20, () => LabProcess.TryRun("ip", "netns", "exec", ground.Phone.Name, "ping", "-c", "1", "-W", "1", overlay));
        report.Set("flows_per_s_vs_loopback", FlowRates(report, ground, overlay));
    }

    private void RoundTrips(Report report, FlowGround ground, string overlay)
    {
        using var server = new EchoServer(ground.Servers);
        List<double> baseline = [], gateway = [], direct = [];
        for (int round = 0; round < RoundCount; round++)
        {
            baseline.Add(FlowClient.RoundTrip(ground.Phone, FlowGround.StockServer, server.Port, 1000));
            gateway.Add(FlowClient.RoundTrip(ground.Phone, overlay, server.Port, 1000));
            direct.Add(FlowClient.RoundTrip(ground.Phone, DirectSite.ServerAddress, server.Port, 1000));
        }

        double reference = Contest.Median(baseline);
        report.Row(
            ("suite", Name), ("case", "round trip p50, 64 bytes over TCP"), ("wireguard_go_us", reference), ("gateway_us", Contest.Median(gateway)), ("direct_us", Contest.Median(direct)),
            ("gateway_vs_wireguard_go", Contest.Median(gateway) / reference), ("direct_vs_wireguard_go", Contest.Median(direct) / reference));
    }

    /// <summary>
    /// Every slice has its own server: each flow leaves a port of the office in TIME-WAIT for a minute, and from 14,000 to one server on, the kernel's search
    /// for a free port takes longer than everything else, on either path.
    /// </summary>
    private double FlowRates(Report report, FlowGround ground, string overlay)
    {
        var slice = TimeSpan.FromSeconds(2);
        List<double> plain = [], gateway = [], ratios = [];
        for (int round = 0; round < RoundCount; round++)
        {
            using (var server = new EchoServer(ground.Servers))
            {
                using var proxy = new PlainProxy(ground.Office, FlowGround.OfficeAddress, FlowGround.Server, server.Port);
                plain.Add(FlowClient.FlowsPerSecond(ground.Phone, FlowGround.OfficeAddress, proxy.Port, slice));
            }

            using (var server = new EchoServer(ground.Servers))
                gateway.Add(FlowClient.FlowsPerSecond(ground.Phone, overlay, server.Port, slice));
            ratios.Add(gateway[^1] / plain[^1]);
        }

        report.Row(
            ("suite", Name), ("case", "flows per second"), ("plain_proxy", Contest.Median(plain)), ("gateway", Contest.Median(gateway)), ("worst_ratio", ratios.Min()), ("best_ratio", ratios.Max()));
        return Contest.Median(ratios);
    }

    /// <summary>What the data threads of relay and connector allocate in the middle of a transfer, when no flow opens or ends.</summary>
    private void Allocated(Report report, FlowGround ground, KeyholeNetwork network, string overlay)
    {
        var transfer = Task.Run(() => Iperf3.Run(ground.Phone, overlay, "-t", "6", "-C", "cubic", "--bidir"));
        Thread.Sleep(1500);
        var before = Read();
        Thread.Sleep(1500);
        var after = Read();
        transfer.Wait();
        long relay = after.Relay - before.Relay, connector = after.Connector - before.Connector;
        report.Row(("suite", Name), ("case", "allocated in mid-transfer"), ("relay_bytes", relay), ("connector_bytes", connector), ("connector_packets", after.Packets - before.Packets));
        if (after.Packets - before.Packets >= LeastPackets)
            report.Set("allocated_bytes", relay + connector);
        else
            report.Note($"allocated_bytes: null, since fewer than {LeastPackets} packets passed between the two looks.");

        (long Relay, long Connector, long Packets) Read()
        {
            var data = network.ConnectorStatus("office-1").GetProperty("dataPath");
            return (
                network.RelayStatus("vps").GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64(),
                data.GetProperty("allocatedBytes").GetInt64(),
                data.GetProperty("packetsReceived").GetInt64() + data.GetProperty("packetsSent").GetInt64());
        }
    }

    private static double Resident(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }
}
