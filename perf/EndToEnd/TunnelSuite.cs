using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// The whole of Keyhole, client included, against wireguard-go at both ends. The client that there is needs no device: <c>keyhole proxy</c> forwards a local
/// port, so that two TCP stacks in user space stand where the comparison has the kernel's.
/// </summary>
internal sealed class TunnelSuite : Suite
{
    private const int RoundCount = 5;
    private const int LocalPort = 15201;
    private const int EchoPort = 15202;
    private const string Baseline = "wireguard-go";
    private const string Relayed = "keyhole proxy, relayed";

    internal override string Name => "tunnel";

    internal override string Summary => "the client through relay and connector, against wireguard-go at both ends";

    internal override IReadOnlyList<string> Keys =>
        ["direct_vs_wireguard_go", "cpu_direct_vs_wireguard_go", "relayed_vs_wireguard_go", "p50_relayed_vs_wireguard_go", "allocated_bytes"];

    internal override void Run(Report report, string[] arguments)
    {
        if (LabFactAttribute.Missing("wireguard-go", "wg", "iperf3", "taskset") is { } missing)
        {
            report.Note($"Nothing can be measured: this {missing}.");
            return;
        }

        using var ground = new FlowGround();
        using var server = new EchoServer(ground.Servers);
        using var network = new KeyholeNetwork(ground.Topology, ground.Vps, FlowGround.RelayAddress, FlowGround.Description);
        var relay = network.StartRelay(ground.Vps, "vps", FlowGround.AllCores, "--listen", $"{FlowGround.RelayAddress}:21820");
        var connector = network.StartConnector(ground.Office, "office-1", FlowGround.AllCores);
        string configuration = network.Configuration("phone");
        string overlay = FlowGround.Overlay(configuration);
        string file = Path.GetTempFileName();
        File.WriteAllText(file, configuration);
        var client = ground.Topology.Start(
            ground.Phone, Binaries.Client, "proxy", "--config", file, "-L", $"127.0.0.1:{LocalPort}:{overlay}:5201", "-L", $"127.0.0.1:{EchoPort}:{overlay}:{server.Port}");
        var (near, far) = StockNodes.Connect(ground);
        Iperf3.Serve(ground.Topology, ground.Servers);
        network.Until("the proxy answers", 20, Answers);
        report.Row(("suite", Name), ("case", "stock nodes"), ("version", StockNodes.Version()), ("mtu_wireguard_go", StockNodes.Mtu), ("mtu_gateway", 1280));
        report.Note("direct_*: null, since the client has no path that leaves the relay out yet.");
        report.Note("relayed_*: through the relay as a gateway, sealed anew there; sessions between client and connector come later.");
        var contest = new ThroughputContest(
            ground.Phone,
            [
                new FlowPath(Baseline, FlowGround.StockServer, 5201, ("app", () => ProcessorTime.Of(near.Process.Id)), ("site", () => ProcessorTime.Of(far.Process.Id))),
                new FlowPath(Relayed, "127.0.0.1", LocalPort, ("app", () => ProcessorTime.Of(client.Id)), ("relay", () => ProcessorTime.Of(relay.Id)), ("site", () => ProcessorTime.Of(connector.Id))),
            ],
            RoundCount);
        contest.Run(report, Name);
        report.Set("relayed_vs_wireguard_go", contest.Ratio(Relayed, Baseline));
        report.Set("p50_relayed_vs_wireguard_go", RoundTrips(report, ground, server.Port));
        report.Set("allocated_bytes", Allocated(ground, network));
        File.Delete(file);

        bool Answers()
        {
            try
            {
                return FlowClient.RoundTrip(ground.Phone, "127.0.0.1", EchoPort, 1) > 0;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        }
    }

    private double RoundTrips(Report report, FlowGround ground, int port)
    {
        List<double> baseline = [], relayed = [];
        for (int round = 0; round < RoundCount; round++)
        {
            baseline.Add(FlowClient.RoundTrip(ground.Phone, FlowGround.StockServer, port, 1000));
            relayed.Add(FlowClient.RoundTrip(ground.Phone, "127.0.0.1", EchoPort, 1000));
        }

        report.Row(("suite", Name), ("case", "round trip p50, 64 bytes over TCP"), ("wireguard_go_us", Contest.Median(baseline)), ("relayed_us", Contest.Median(relayed)));
        return Contest.Median(relayed) / Contest.Median(baseline);
    }

    /// <summary>Of relay and connector; the proxy does not tell what it allocates.</summary>
    private static double Allocated(FlowGround ground, KeyholeNetwork network)
    {
        var transfer = Task.Run(() => Iperf3.Run(ground.Phone, "127.0.0.1", "-p", $"{LocalPort}", "-t", "6", "-C", "cubic"));
        Thread.Sleep(1500);
        long before = Read();
        Thread.Sleep(1500);
        long allocated = Read() - before;
        transfer.Wait();
        return allocated;

        long Read() => network.RelayStatus("vps").GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64()
            + network.ConnectorStatus("office-1").GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64();
    }
}
