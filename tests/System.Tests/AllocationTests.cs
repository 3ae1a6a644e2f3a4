using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>The steady state of the data path allocates nothing, seen from outside: the programs report what their data thread allocated.</summary>
public class AllocationTests
{
    private const string Web = "192.168.1.20";

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

        var (relay, connector) = (network.RelayStatus()!.Value, network.ConnectorStatus("office-1")!.Value);
        Iperf3.Run(world.Phone, Web, "-t", "4", "--bidir");
        foreach (var (name, before, after) in new[] { ("relay", relay, network.RelayStatus()!.Value), ("connector", connector, network.ConnectorStatus("office-1")!.Value) })
        {
            long packets = Number(after, "packetsReceived") - Number(before, "packetsReceived"), bytes = Number(after, "allocatedBytes") - Number(before, "allocatedBytes");
            Assert.True(packets > 100_000, $"{name}: only {packets} packets");
            // Opening three flows and answering one status request may allocate; a byte per packet may not.
            Assert.True(bytes < 64 * 1024, $"{name}: {bytes} bytes allocated over {packets} packets");
        }
    }

    private static long Number(JsonElement status, string name) => status.GetProperty("dataPath").GetProperty(name).GetInt64();
}
