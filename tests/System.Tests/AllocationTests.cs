using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>The steady state of the data path allocates nothing, seen from outside: the programs report what their data thread allocated.</summary>
public class AllocationTests
{
    private const string Web = "192.168.1.20";

    /// <summary>Opening three flows and answering a status request may allocate; a byte per packet may not.</summary>
    private const long Few = 64 * 1024;

    /// <summary>With the smallest of objects for each, these would be many times as much.</summary>
    private const long FewPackets = 5_000;

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv")]
    public void Relay_and_connector_allocate_nothing_per_packet()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        Iperf3.Serve(world.Topology, world.OfficeServers);
        network.Until("the phone reaches the office", TimeSpan.FromSeconds(10), () => Services.Reaches(world.Phone, Web, 5201, 1) || true);
        Iperf3.Run(world.Phone, Web, "-t", "2", "--bidir");

        // A pool that grows does it once, and then has what the load needs: what packets cost shows in every round.
        var least = new Dictionary<string, long> { ["relay"] = long.MaxValue, ["connector"] = long.MaxValue };
        for (int round = 0; round < 3 && least.Values.Max() >= Few; round++)
        {
            var before = Read(network);
            Iperf3.Run(world.Phone, Web, "-t", "4", "--bidir");
            foreach (var (name, after) in Read(network))
            {
                long packets = after.Packets - before[name].Packets;
                Assert.True(packets > 100_000, $"{name}: only {packets} packets");
                least[name] = Math.Min(least[name], after.Bytes - before[name].Bytes);
            }
        }

        foreach (var (name, bytes) in least)
            Assert.True(bytes < Few, $"{name}: {bytes} bytes allocated over more than 100,000 packets");
    }

    [LabFact("iperf3", "setpriv")]
    public void A_client_in_proxy_mode_allocates_nothing_per_packet()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        Iperf3.Serve(world.Topology, world.OfficeServers);
        network.StartProxy(world.Phone, "laptop", "--listen", "off", "-L", "5201:web.acme.internal:5201", "-L", "udp:5201:web.acme.internal:5201");
        Iperf3.Run(world.Phone, "127.0.0.1", "-t", "2", "--bidir");
        Iperf3.Run(world.Phone, "127.0.0.1", "-t", "2", "-u", "-b", "20M", "-l", "1000");
        AllocatesNothing("TCP", "-t", "4", "--bidir");
        AllocatesNothing("UDP", "-t", "4", "-u", "-b", "50M", "-l", "1000", "-R");

        void AllocatesNothing(string what, params string[] arguments)
        {
            long least = long.MaxValue;
            for (int round = 0; round < 3 && least >= Few; round++)
            {
                var before = Counts(network.MachineStatus("laptop")!.Value);
                Iperf3.Run(world.Phone, "127.0.0.1", arguments);
                var after = Counts(network.MachineStatus("laptop")!.Value);
                Assert.True(after.Packets - before.Packets > FewPackets, $"{what}: only {after.Packets - before.Packets} packets");
                least = Math.Min(least, after.Bytes - before.Bytes);
            }

            Assert.True(least < Few, $"{what}: {least} bytes allocated over more than {FewPackets} packets");
        }
    }

    private static Dictionary<string, (long Packets, long Bytes)> Read(Network network) => new()
    {
        ["relay"] = Counts(network.RelayStatus()!.Value),
        ["connector"] = Counts(network.ConnectorStatus("office-1")!.Value),
    };

    private static (long Packets, long Bytes) Counts(JsonElement status) => (Number(status, "packetsReceived"), Number(status, "allocatedBytes"));

    private static long Number(JsonElement status, string name) => status.GetProperty("dataPath").GetProperty(name).GetInt64();
}
