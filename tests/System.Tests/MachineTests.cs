using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// A machine runs <c>keyhole up</c> and reaches what it was granted, end to end encrypted through a relay that holds no key. Drawing:
/// <see cref="World"/>; the laptop stands where the phone does.
/// </summary>
[SideBySide]
public class MachineTests
{
    private const string Web = "192.168.1.20";

    [LabFact("iperf3", "ping", "setpriv")]
    [Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "A7"), Trait("Promise", "A11"), Trait("Promise", "D2"), Trait("Promise", "D9")]
    public void A_machine_that_is_up_reaches_what_it_was_granted_and_nothing_else()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        using var files = Services.Tcp(world.OfficeServers, "192.168.1.21", 8000);
        network.StartMachine(world.Phone, "laptop");

        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        Pings.AllAnswered(world.Phone, Web);
        Pings.AllAnswered(world.Phone, "fd55::20");
        Iperf3.Serve(world.Topology, world.OfficeServers);
        foreach (string[] kind in new string[][] { [], ["-R"], ["-P", "4"] })
            Assert.True(Iperf3.Run(world.Phone, Web, ["-t", "1", .. kind]).Bytes > 1_000_000);

        // The relay passed it on without being able to read it: no flow of its gateway.
        var relay = network.WaitForRelayStatus();
        Assert.False(relay.GetProperty("gateway").GetBoolean());

        // Split tunnel: only granted prefixes lead into the interface, also when another route is forged.
        string routes = world.Phone.Run("ip", "route", "show", "dev", "keyhole0");
        Assert.Contains(Web, routes, StringComparison.Ordinal);
        Assert.DoesNotContain("default", routes, StringComparison.Ordinal);
        Assert.DoesNotContain("192.168.1.21", routes, StringComparison.Ordinal);
        world.Phone.Ip("route", "add", "192.168.1.21", "dev", "keyhole0");
        Assert.False(Services.Reaches(world.Phone, "192.168.1.21", 8000, 1));
        using var closed = Services.Tcp(world.OfficeServers, Web, 22);
        Assert.False(Services.Reaches(world.Phone, Web, 22, 1));

        Assert.Equal(0, network.StopMachine("laptop").Status);
        network.Until("the interface is gone", () => !world.Phone.Run("ip", "link").Contains("keyhole0", StringComparison.Ordinal));
        Assert.DoesNotContain(Web, world.Phone.Run("ip", "route"), StringComparison.Ordinal);
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A3"), Trait("Promise", "A6"), Trait("Promise", "D4"), Trait("Promise", "D6"), Trait("Threat", "13"), Trait("Threat", "22")]
    public void Grants_come_and_go_while_it_is_up()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartConnector(world.Branch, "branch-1");
        using var office = Services.Tcp(world.OfficeServers, Web, 8001);
        using var branch = Services.Tcp(world.BranchServers, Web, 8002);
        network.StartMachine(world.Phone, "laptop");
        network.Until("the office is reached", () => Services.Reaches(world.Phone, Web, 8001, 2));

        // The same address on another site: each is reached at its overlay address, and the shared one leads nowhere.
        network.Apply(Descriptions.Laptop(branch: true));
        network.Until("two sites are up", () => network.MachineStatus("laptop") is { } status
            && status.GetProperty("sites").GetArrayLength() == 2 && status.GetProperty("ready").GetBoolean());
        Assert.DoesNotContain(Web, world.Phone.Run("ip", "route", "show", "dev", "keyhole0"), StringComparison.Ordinal);

        string officeWeb = Overlay(network, world, "web.acme.internal"), branchWeb = Overlay(network, world, "web.branch.internal");
        Assert.True(Services.Reaches(world.Phone, branchWeb, 8002));
        Revocation.InForceWithinASecond(
            network, "the grant is taken away",
            () => Heartbeat.Open(world.Phone, officeWeb, 8001),
            () => network.Apply(Descriptions.Laptop(web: false, branch: true)),
            () =>
            {
                network.Apply(Descriptions.Laptop(branch: true));
                network.Until("the office is reached again", () => Services.Reaches(world.Phone, officeWeb, 8001, 2));
            });
        network.Until("the client knows it, too", () => network.MachineStatus("laptop") is { } status && status.GetProperty("sites").GetArrayLength() >= 1
            && !network.RunKeyhole(world.Phone, "laptop", ["list"]).Output.Contains("web.acme.internal", StringComparison.Ordinal));
        Assert.False(Services.Reaches(world.Phone, officeWeb, 8001, 1));
        Assert.True(Services.Reaches(world.Phone, branchWeb, 8002));
    }

    /// <summary>The IPv4 address under which a machine reaches a resource, whichever site it is of.</summary>
    private static string Overlay(Network network, World world, string alias)
    {
        using var list = JsonDocument.Parse(network.RunKeyhole(world.Phone, "laptop", ["list", "--json"]).Output);
        return list.RootElement.GetProperty("resources").EnumerateArray().Single(resource => resource.GetProperty("alias").GetString() == alias)
            .GetProperty("overlay").EnumerateArray().Select(address => address.GetString()!).First(address => !address.Contains(':', StringComparison.Ordinal));
    }

    [LabFact("setpriv", "ping")]
    public void A_machine_killed_with_kill_9_leaves_nothing_and_comes_up_again()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        string before = Addressing();
        network.StartMachine(world.Phone, "laptop");
        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        network.Machines["laptop"].Kill();
        network.Until($"routes and addresses are as before:\n{before}", () => Addressing() == before, Addressing);
        network.RestartMachine(world.Phone, "laptop");
        Assert.True(Services.Reaches(world.Phone, Web, 8000));

        string Addressing() => world.Phone.Run("ip", "route") + world.Phone.Run("ip", "-6", "route") + world.Phone.Run("ip", "address");
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A14")]
    public void Without_the_right_to_a_TUN_interface_it_says_what_to_do()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        var (status, _, error) = network.RunMachineWithoutRights(world.Phone, "laptop");
        Assert.Equal(1, status);
        Assert.Contains("CAP_NET_ADMIN", error, StringComparison.Ordinal);
        Assert.Contains("keyhole up --proxy", error, StringComparison.Ordinal);
    }
}
