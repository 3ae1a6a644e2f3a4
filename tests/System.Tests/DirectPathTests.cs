using System.Net.Sockets;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// Which way the data of <c>keyhole up</c> takes, and what happens when that way goes. Drawing: <see cref="World"/>; the laptop stands where the phone does, and
/// both it and the connector sit behind routers that masquerade and let in only what was asked for.
/// </summary>
public class DirectPathTests
{
    private const string Web = "192.168.1.20";

    /// <summary>Whatever goes from a private network to another: neither side of it is the relay. (nft makes one comparison of two neighbouring "!=".)</summary>
    private const string PeerToPeer = "udp sport 21820 accept; udp dport 21820 accept; meta l4proto udp";

    [LabFact("setpriv")]
    [Trait("Promise", "A9"), Trait("Promise", "A13")]
    public void Behind_two_home_routers_data_goes_directly_and_the_relay_carries_none_of_it()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");
        network.Until("both sides are direct", () => IsDirect(network));

        // On a machine that stops for half a second a path may be given up; then the relay has to carry something.
        for (int round = 1; ; round++)
        {
            var (before, lost) = (Blind(network), LostPaths(network));
            Assert.True(Services.Download(world.Phone, Web, 8000, 4 << 20, seed: round));
            Assert.True(Services.Upload(world.Phone, Web, 8000, 4 << 20, seed: round));
            long carried = Blind(network) - before;
            if (LostPaths(network) == lost)
            {
                // A renewed session is confirmed through the relay, by 32 bytes.
                Assert.InRange(carried, 0, 1000);
                break;
            }

            Assert.True(round < 10, "The path never stood for the time of a transfer.");
            network.Until("both sides are direct again", () => IsDirect(network));
        }
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void A_direct_path_that_is_blocked_in_mid_transfer_falls_back_to_the_relay_and_comes_back()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        using var echo = Services.UdpEcho(world.OfficeServers, Web, 9000);
        network.StartMachine(world.Phone, "laptop");
        network.Until("the path is direct", () => PathOf(network) == "direct");
        using var pulse = new Pulse(world.Phone, Web, 9000, milliseconds: 10);
        using var stop = new CancellationTokenSource();
        var transfers = Task.Run(() =>
        {
            int count = 0;
            for (; !stop.IsCancellationRequested; count++, Thread.Sleep(100))
                Assert.True(Services.Download(world.Phone, Web, 8000, 1 << 18, seed: count), $"transfer {count}");
            return count;
        });
        BestOfThree.Within(TimeSpan.FromSeconds(1.5), "pulses come back", () =>
        {
            network.Until("the path is direct", () => PathOf(network) == "direct");
            network.UntilEchoed("pulses come back before", pulse);
            pulse.Reset();
            Firewall.Block(world.Internet, "direct", PeerToPeer);
            network.Until("the path is relayed", () => PathOf(network) == "relayed");
            network.UntilEchoed("pulses come back", pulse);
            var gap = pulse.Report().LongestGap;
            Firewall.Remove(world.Internet, "direct");
            return gap;
        });

        network.Until("the path is direct again", () => PathOf(network) == "direct");
        stop.Cancel();
        Assert.True(transfers.GetAwaiter().GetResult() > 0);
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void A_laptop_that_gets_another_address_goes_on()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        using var echo = Services.UdpEcho(world.OfficeServers, Web, 9000);
        network.StartMachine(world.Phone, "laptop");
        network.Until("the path is direct", () => PathOf(network) == "direct");
        using var beat = Heartbeat.Open(world.Phone, Web, 8000);
        network.UntilEchoed("bytes come back", beat);

        // As by another lease: the new address first, since the system drops the routes of the last one.
        world.Phone.Ip("addr", "add", "10.9.0.77/24", "dev", "eth0");
        world.Phone.Sysctl("net.ipv4.conf.eth0.promote_secondaries", "1");
        world.Phone.Ip("addr", "del", "10.9.0.2/24", "dev", "eth0");
        world.Phone.Ip("route", "replace", "default", "via", "10.9.0.1");
        network.UntilEchoed("bytes come back", beat);
        network.Until("the path is direct", () => PathOf(network) == "direct");
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void A_direct_path_needs_no_relay_and_finds_it_again()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");

        // On a machine that stops for half a second a path may be given up, and nobody introduces the two to each other then.
        BestOfThree.Where(isWhole => isWhole, "ten transfers without the relay", () =>
        {
            network.Until("both sides are direct", () => IsDirect(network));
            network.Relay.Kill();
            bool isWhole = true;
            for (int transfer = 0; transfer < 10 && isWhole; transfer++, Thread.Sleep(500))
                isWhole = TryDownload(world, 1 << 18, transfer);
            isWhole &= PathOf(network) == "direct";
            network.RestartRelay();
            network.Until("the laptop is registered", () => network.WaitForMachineStatus("laptop").GetProperty("registered").GetBoolean());
            network.Until("the connector is registered", () => network.WaitForConnectorStatus("office-1").GetProperty("registered").GetBoolean());
            return isWhole;
        });

        Firewall.Block(world.Internet, "direct", PeerToPeer);
        network.Until("the office is reached through the relay", () => Services.Reaches(world.Phone, Web, 8000, 2));
        network.Until("the path is relayed", () => PathOf(network) == "relayed");
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void Transfers_are_whole_at_20_percent_loss_and_after_a_router_has_forgotten_its_mappings()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");
        network.Until("the path is direct", () => PathOf(network) == "direct");
        using var beat = Heartbeat.Open(world.Phone, Web, 8000);
        network.UntilEchoed("bytes come back", beat);

        // TCP may wait for a minute when it loses the same segment again and again: then another transfer tries.
        Firewall.Lose(world.Internet, 20);
        Assert.Contains(Enumerable.Range(0, 5), transfer => TryDownload(world, 1 << 16, transfer));
        Firewall.Lose(world.Internet, 0);
        network.UntilEchoed("bytes come back without loss", beat);

        Firewall.Remap(world.HomeRouter, "out0");
        network.UntilEchoed("bytes come back through the new mapping", beat);
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A9")]
    public void In_the_network_of_the_connector_data_does_not_leave_it()
    {
        using var world = new NatWorld([], [Nat.PortRestricted]);
        var laptop = world.AddNeighbour(Nat.PortRestricted);
        string server = NatWorld.Server(Nat.PortRestricted);
        using var network = new Network(world, $$"""
            version: 1
            org: acme
            relays: [{ name: vps, endpoint: "{{INetworkWorld.RelayAddress}}:21820" }]
            sites: [{ name: office, connectors: [office-1] }]
            resources: [{ name: web, site: office, destination: {{server}}, alias: web.acme.internal, tcp: "8000" }]
            machines: [{ name: laptop }]
            grants: [{ resource: web, machines: [laptop] }]
            """);
        network.StartRelay();
        network.StartConnector(world.Sites[Nat.PortRestricted], "office-1");
        using var web = Services.Tcp(world.Servers[Nat.PortRestricted], server, 8000);
        network.StartMachine(laptop, "laptop");
        network.Until("the path is local", () => PathOf(network) == "local", () => network.MachineStatus("laptop").ToString()!);
        Assert.True(Services.Download(laptop, server, 8000, 1 << 20, seed: 1));
    }

    [LabFact("setpriv")]
    public void A_machine_can_be_kept_on_the_relay()
    {
        using var world = new World();
        using var network = Started(world, new Dictionary<string, string> { ["KEYHOLE_RELAY_ONLY"] = "1" });
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        Firewall.Count(world.Internet, "direct", PeerToPeer);
        network.StartMachine(world.Phone, "laptop");
        for (int transfer = 0; transfer < 5; transfer++)
            Assert.True(Services.Download(world.Phone, Web, 8000, 1 << 20, seed: transfer));
        network.Until("the path is relayed", () => PathOf(network) == "relayed");
        Assert.Equal(0, Firewall.Counted(world.Internet, "direct"));
    }

    /// <summary>False when it took too long; what comes is what was sent.</summary>
    private static bool TryDownload(World world, int bytes, int seed)
    {
        try
        {
            Assert.True(Services.Download(world.Phone, Web, 8000, bytes, seed), $"transfer {seed}");
            return true;
        }
        catch (Exception e) when (e is SocketException or TimeoutException or AggregateException)
        {
            return false;
        }
    }

    private static Network Started(World world, Dictionary<string, string>? environment = null)
    {
        var network = new Network(world, Descriptions.Laptop(), environment);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    private static string? PathOf(Network network) => network.MachineStatus("laptop")?.GetProperty("sites")[0].GetProperty("path").GetString();

    private static bool IsDirect(Network network) =>
        PathOf(network) == "direct" && network.ConnectorStatus("office-1")?.GetProperty("directPaths").GetInt32() == 1;

    private static long LostPaths(Network network) => Connector(network).GetProperty("lostPaths").GetInt64();

    private static JsonElement Connector(Network network) => network.WaitForMachineStatus("laptop").GetProperty("sites")[0].GetProperty("connectors")[0];

    /// <summary>Bytes of sealed data that the relay has passed on.</summary>
    private static long Blind(Network network) => network.WaitForRelayStatus().GetProperty("blind").GetProperty("bytes").GetInt64();
}
