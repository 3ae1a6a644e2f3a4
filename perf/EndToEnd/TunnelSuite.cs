using System.Diagnostics;
using Keyhole.Lab;
using Keyhole.Tunnel;

namespace Keyhole.Perf;

/// <summary>
/// The whole of Keyhole, client included, against wireguard-go at both ends: <c>keyhole up</c> with its TUN interface, end to end encrypted through the blind
/// relay to the shipped connector, and past it.
/// </summary>
internal sealed class TunnelSuite : Suite
{
    private const int RoundCount = 5;
    private const string Baseline = "wireguard-go";
    private const string Relayed = "keyhole up, relayed";
    private const string Direct = "keyhole up, direct";

    internal override string Name => "tunnel";

    internal override string Summary => "the client through relay and connector, against wireguard-go at both ends";

    internal override IReadOnlyList<string> Keys =>
        ["direct_vs_wireguard_go", "cpu_direct_vs_wireguard_go", "relayed_vs_wireguard_go", "p50_relayed_vs_wireguard_go", "first_packet_ms", "allocated_bytes"];

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
        var client = network.StartMachine(ground.Phone, "laptop", relayOnly: true);
        var (near, far) = StockNodes.Connect(ground);
        Iperf3.Serve(ground.Topology, ground.Servers);
        network.Until("the client reaches the server", 20, () => Answers(ground, server.Port));
        report.Row(("suite", Name), ("case", "stock nodes"), ("version", StockNodes.Version()), ("mtu_wireguard_go", StockNodes.Mtu), ("mtu_keyhole", InnerMtu.Largest));
        var baseline = new FlowPath(Baseline, FlowGround.StockServer, 5201, ("app", () => ProcessorTime.Of(near.Process.Id)), ("site", () => ProcessorTime.Of(far.Process.Id)));
        var contest = new ThroughputContest(
            ground.Phone,
            [
                baseline,
                new FlowPath(Relayed, FlowGround.Server, 5201, ("app", () => ProcessorTime.Of(client.Id)), ("relay", () => ProcessorTime.Of(relay.Id)), ("site", () => ProcessorTime.Of(connector.Id))),
            ],
            RoundCount);
        contest.Run(report, Name);
        report.Set("relayed_vs_wireguard_go", contest.Ratio(Relayed, Baseline));
        report.Set("p50_relayed_vs_wireguard_go", RoundTrips(report, ground, network, server.Port));
        double allocated = Allocated(ground, network);

        // The same client, free to leave the relay out.
        network.StopMachine("laptop");
        client = network.StartMachine(ground.Phone, "laptop", relayOnly: false);
        network.Until("the client reaches the server", 20, () => Answers(ground, server.Port));
        network.Until("the path is direct", 30, () => Path(network) == "direct");
        contest = new ThroughputContest(
            ground.Phone,
            [
                baseline,
                new FlowPath(Direct, FlowGround.Server, 5201, ("app", () => ProcessorTime.Of(client.Id)), ("site", () => ProcessorTime.Of(connector.Id))),
            ],
            RoundCount);
        contest.Run(report, Name);
        report.Set("direct_vs_wireguard_go", contest.Ratio(Direct, Baseline));
        report.Set("cpu_direct_vs_wireguard_go", contest.TimeRatio(Direct, Baseline));
        RoundTrips(report, ground, network, server.Port);
        report.Set("allocated_bytes", Math.Max(allocated, Allocated(ground, network)));
        report.Set("first_packet_ms", FirstPacket(report, ground, network, server.Port));
        if (Path(network) is not "direct" and var path)
            report.Note($"direct_*: the path was {path} in the end, so that these keys are not of a direct path.");
    }

    /// <summary>From the start of the program to the answer of a server behind the site, milliseconds: the median of ten.</summary>
    private double FirstPacket(Report report, FlowGround ground, KeyholeNetwork network, int port)
    {
        // Before the tunnel is up a connection is to fail at once: one that left another way would wait for its retransmissions. Any route of the machine wins
        // over the tunnel, so this one is behind it.
        ground.Phone.Ip("route", "add", "unreachable", FlowGround.Server, "metric", "100000");
        var times = new List<double>();
        for (int round = 0; round < 10; round++)
        {
            network.StopMachine("laptop");
            var start = network.PrepareMachine(ground.Phone, "laptop", relayOnly: false);
            var clock = Stopwatch.StartNew();
            start();
            for (; !Answers(ground, port); Thread.Sleep(1))
            {
                if (clock.Elapsed > TimeSpan.FromSeconds(30))
                    throw new TimeoutException("The server did not answer through 'keyhole up' within 30 s.");
            }

            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        report.Row(("suite", Name), ("case", "first answer after 'keyhole up'"), ("ms", times.Select(time => Math.Round(time))));
        network.Until("the path is direct", 30, () => Path(network) == "direct");
        return Contest.Median(times);
    }

    private static string Path(KeyholeNetwork network) =>
        network.MachineStatus("laptop").GetProperty("sites")[0].GetProperty("connectors")[0].GetProperty("path").GetString()!;

    private static bool Answers(FlowGround ground, int port)
    {
        try
        {
            return FlowClient.RoundTrip(ground.Phone, FlowGround.Server, port, 1) > 0;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private double RoundTrips(Report report, FlowGround ground, KeyholeNetwork network, int port)
    {
        List<double> baseline = [], keyhole = [];
        for (int round = 0; round < RoundCount; round++)
        {
            baseline.Add(FlowClient.RoundTrip(ground.Phone, FlowGround.StockServer, port, 1000));
            keyhole.Add(FlowClient.RoundTrip(ground.Phone, FlowGround.Server, port, 1000));
        }

        report.Row(("suite", Name), ("case", "round trip p50, 64 bytes over TCP"), ("path", Path(network)), ("wireguard_go_us", Contest.Median(baseline)), ("keyhole_us", Contest.Median(keyhole)));
        return Contest.Median(keyhole) / Contest.Median(baseline);
    }

    /// <summary>Of the data threads of client, relay and connector in mid-transfer.</summary>
    private static double Allocated(FlowGround ground, KeyholeNetwork network)
    {
        var transfer = Task.Run(() => Iperf3.Run(ground.Phone, FlowGround.Server, "-t", "6", "-C", "cubic"));
        Thread.Sleep(1500);
        long before = Read();
        Thread.Sleep(1500);
        long allocated = Read() - before;
        transfer.Wait();
        return allocated;

        long Read() => new[] { network.RelayStatus("vps"), network.ConnectorStatus("office-1"), network.MachineStatus("laptop") }
            .Sum(status => status.GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64());
    }
}
