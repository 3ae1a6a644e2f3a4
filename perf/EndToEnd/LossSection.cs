using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// Downloads over a link that delays each way by 10 ms and loses 1 % of the packets: the connector is the sender behind the relay, and the kernel's TCP on
/// the same link without a tunnel. Both CUBIC.
/// </summary>
internal static class LossSection
{
    private const int RoundCount = 5;
    private const string Seconds = "4";

    /// <returns>Our median throughput over the kernel's.</returns>
    internal static double Run(Report report)
    {
        List<double> ours = [], kernel = [];
        using var ground = new FlowGround();
        var conditions = new LinkConditions { Delay = 10_000, Loss = 0.01 };
        using var link = LinkEmulator.Lay(ground.Phone, "lossy0", ["10.55.0.1/24"], ground.Vps, "lossy1", ["10.55.0.2/24"], conditions with { Loss = 0 }, conditions);
        using var network = new KeyholeNetwork(ground.Topology, ground.Vps, FlowGround.RelayAddress, FlowGround.Description);
        network.StartRelay(ground.Vps, "vps", FlowGround.AllCores, "--listen", "0.0.0.0:21820");
        network.StartConnector(ground.Office, "office-1", FlowGround.AllCores);
        string configuration = network.Configuration("phone").Replace($"{FlowGround.RelayAddress}:21820", "10.55.0.2:21820", StringComparison.Ordinal);
        ground.Topology.Own(WireGuardGo.Start(ground.Phone, "khbl", configuration));
        Iperf3.Serve(ground.Topology, ground.Servers);
        Iperf3.Serve(ground.Topology, ground.Vps);
        string overlay = FlowGround.Overlay(configuration);
        network.Until("the app reaches the server", 20, () => LabProcess.TryRun("ip", "netns", "exec", ground.Phone.Name, "ping", "-c", "1", "-W", "1", overlay));
        for (int round = 0; round < RoundCount; round++)
        {
            kernel.Add(Iperf3.Run(ground.Phone, "10.55.0.2", "-R", "-C", "cubic", "-M", "1240", "-t", Seconds).BitsPerSecond / 1e6);
            ours.Add(Iperf3.Run(ground.Phone, overlay, "-R", "-C", "cubic", "-t", Seconds).BitsPerSecond / 1e6);
        }

        report.Row(("suite", "connector"), ("case", "1 % lost, 20 ms, download"), ("kernel_mbit_s", Contest.Median(kernel)), ("gateway_mbit_s", Contest.Median(ours)));
        return Contest.Median(ours) / Contest.Median(kernel);
    }
}
