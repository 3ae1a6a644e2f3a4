using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>The steady state of the data path allocates nothing, seen from outside: the programs report what their data thread allocated.</summary>
[SideBySide]
public class AllocationTests
{
    private const string Web = "192.168.1.20";

    /// <summary>Opening three flows and answering a status request may allocate; a byte per packet may not.</summary>
    private const long Few = 64 * 1024;

    /// <summary>With the smallest of objects for each, these would be many times as much.</summary>
    private const long FewPackets = 5_000;

    private const long ManyPackets = 50_000;

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv")]
    public void Relay_and_connector_allocate_nothing_per_packet()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        Iperf3.Serve(world.Topology, world.OfficeServers);
        Iperf3.Run(world.Phone, Web, "-t", "2", "--bidir");

        // A pool that grows does it once, and then has what the load needs: what packets cost shows in every round.
        var least = new Dictionary<string, long> { ["relay"] = long.MaxValue, ["connector"] = long.MaxValue };
        for (int round = 0; round < 3 && least.Values.Max() >= Few; round++)
        {
            var before = Read(network);
            Dictionary<string, (long Packets, long Bytes)> after;
            do
            {
                Iperf3.Run(world.Phone, Web, "-t", "2", "--bidir");
                after = Read(network);
            }
            while (after.Any(program => program.Value.Packets - before[program.Key].Packets < ManyPackets));
            foreach (var (name, counts) in after)
                least[name] = Math.Min(least[name], counts.Bytes - before[name].Bytes);
        }

        foreach (var (name, bytes) in least)
            Assert.True(bytes < Few, $"{name}: {bytes} bytes allocated over more than {ManyPackets} packets");
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
        AllocatesNothing("TCP", "-t", "2", "--bidir");
        AllocatesNothing("UDP", "-t", "2", "-u", "-b", "50M", "-l", "1000", "-R");

        void AllocatesNothing(string what, params string[] arguments)
        {
            long least = long.MaxValue;
            for (int round = 0; round < 3 && least >= Few; round++)
            {
                var before = Counts(network.WaitForMachineStatus("laptop"));
                (long Packets, long Bytes) after;
                do
                {
                    Iperf3.Run(world.Phone, "127.0.0.1", arguments);
                    after = Counts(network.WaitForMachineStatus("laptop"));
                }
                while (after.Packets - before.Packets < FewPackets);
                least = Math.Min(least, after.Bytes - before.Bytes);
            }

            Assert.True(least < Few, $"{what}: {least} bytes allocated over more than {FewPackets} packets");
        }
    }

    private static Dictionary<string, (long Packets, long Bytes)> Read(Network network) => new()
    {
        ["relay"] = Counts(network.WaitForRelayStatus()),
        ["connector"] = Counts(network.WaitForConnectorStatus("office-1")),
    };

    private static (long Packets, long Bytes) Counts(JsonElement status) => (Number(status, "packetsReceived"), Number(status, "allocatedBytes"));

    private static long Number(JsonElement status, string name) => status.GetProperty("dataPath").GetProperty(name).GetInt64();
}
