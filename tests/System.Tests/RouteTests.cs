using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// The routes of <c>keyhole up</c> beside everything else that a machine does with its routes and its name servers. Drawing: <see cref="World"/>; the laptop
/// stands where the phone does.
/// </summary>
[SideBySide]
public class RouteTests
{
    private const string Web = "192.168.1.20";
    private const string Web6 = "fd55::20";

    /// <summary>Beside <see cref="World.RelayAddress"/>, on the same host.</summary>
    private const string NamedRelay = "198.18.7.10";

    /// <summary>Where what happens within seconds may take longer on a loaded machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string> NoNames = new() { ["KEYHOLE_DNS"] = "off" };

    [LabFact("setpriv")]
    [Trait("Promise", "A7"), Trait("Promise", "D9")]
    public void Routes_of_others_stay_and_the_tunnels_own_come_back()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);

        // What a network manager gives a network over radio, and another program's route that has the metric of the tunnel's.
        string[] radio = [$"{Web}/32", "via", "10.9.0.1", "dev", "eth0", "metric", "600"], foreign = [$"{Web6}/128", "dev", "eth0", "metric", "50000"];
        world.Phone.Ip(["route", "add", .. radio]);
        world.Phone.Ip(["-6", "route", "add", .. foreign]);
        string before = world.Phone.Ip("-6", "route", "show", Web6);
        network.StartMachine(world.Phone, "laptop", NoNames);
        Assert.Contains("dev eth0", world.Phone.Ip("route", "get", Web), StringComparison.Ordinal);
        network.Until("the status says which route was refused", Patience, () => Problem(network)?.Contains(Web6, StringComparison.Ordinal) == true, () => Problem(network) ?? "no problem");
        Assert.Equal(before, world.Phone.Ip("-6", "route", "show", Web6));
        Assert.Contains("routes ", network.RunKeyhole(world.Phone, "laptop", ["status"]).Output, StringComparison.Ordinal);

        world.Phone.Ip(["route", "del", .. radio]);
        world.Phone.Ip(["-6", "route", "del", .. foreign]);
        network.Until("the tunnel has what was free", Patience, () => IsLed(world, Web6) && IsLed(world, Web) && Routes(network).Contains($"{Web6}/128") && Problem(network) is null);
        Assert.True(Services.Reaches(world.Phone, Web, 8000));

        world.Phone.Ip("route", "del", Web, "dev", "keyhole0");
        network.Until("the route is back", Patience, () => IsLed(world, Web));
        world.Phone.Ip("address", "flush", "dev", "keyhole0");
        world.Phone.Ip("link", "set", "keyhole0", "down");
        world.Phone.Ip("link", "set", "keyhole0", "up");
        network.Until("addresses and routes are back", Patience, () => IsLed(world, Web) && IsLed(world, Web6));
        network.Until("and lead somewhere", Patience, () => Services.Reaches(world.Phone, Web, 8000));
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A7"), Trait("Promise", "D9")]
    public void A_prefix_stays_outside_as_soon_as_the_name_of_a_relay_leads_into_it()
    {
        using var world = new World();
        world.Vps.Ip("address", "add", $"{NamedRelay}/32", "dev", "eth0");
        world.Internet.Ip("route", "add", "198.18.7.0/24", "via", World.RelayAddress);
        using var names = new NameAuthority(world.Vps, World.RelayAddress);
        File.WriteAllText(world.Phone.ResolvConf, $"nameserver {World.RelayAddress}\n");
        File.WriteAllText(world.Office.ResolvConf, $"nameserver {World.RelayAddress}\n");
        using var network = new Network(world, Describe("relay.example.com:21820", withRange: true));
        using var relay = network.StartRelay(world.Vps, "vps", NamedRelay);
        network.StartMachine(world.Phone, "laptop", NoNames, isGranted: false);
        network.Until("the name is asked for", Patience, () => names.Asked.Contains("relay.example.com"));
        Assert.Empty(Routes(network));

        names.Addresses["relay.example.com"] = NamedRelay;
        network.Until("the relay is registered at", Patience, () => network.MachineStatus("laptop")?.GetProperty("registered").GetBoolean() == true);
        network.StartConnector(world.Office, "office-1");
        network.Until("the other prefixes lead into the tunnel", Patience, () => IsLed(world, Web));
        Assert.DoesNotContain("198.18.7.0/24", Routes(network));
        Assert.Equal(["198.18.7.0/24"], LeftOut(network));
        Assert.Contains("dev eth0", world.Phone.Ip("route", "get", NamedRelay), StringComparison.Ordinal);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.Until("the office is reached", Patience, () => Services.Reaches(world.Phone, Web, 8000));
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A2"), Trait("Promise", "D9")]
    public void A_name_server_that_does_not_answer_holds_up_neither_the_tunnel_nor_its_end()
    {
        using var world = new World();
        using var silent = world.Vps.Enter(() => Silent(World.RelayAddress));
        File.WriteAllText(world.Phone.ResolvConf, $"nameserver {World.RelayAddress}\n");

        // Asked one after the other they would take two minutes.
        string dead = string.Join(", ", Enumerable.Range(1, 12).Select(index => $"\"relay{index}.example.com:21820\""));
        using var network = new Network(world, Describe($"{World.RelayAddress}:21820\", {dead[..^1]}", withRange: false));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop", NoNames);
        network.Until("the routes are there", Patience, () => IsLed(world, Web));
        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        Assert.Equal(0, network.StopMachine("laptop").Status);
        Assert.DoesNotContain("keyhole0", world.Phone.Run("ip", "link"), StringComparison.Ordinal);
    }

    /// <summary>Swallows whatever comes to a name server's port.</summary>
    private static Socket Silent(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 53));
        return socket;
    }

    private static bool IsLed(World world, string address) => world.Phone.Ip("route", "get", address).Contains("dev keyhole0", StringComparison.Ordinal);

    private static string? Problem(Network network) =>
        network.MachineStatus("laptop") is { } status && status.GetProperty("routeProblem") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static IReadOnlyList<string?> Routes(Network network) => List(network, "routes");

    private static IReadOnlyList<string?> LeftOut(Network network) => List(network, "routesLeftOut");

    private static IReadOnlyList<string?> List(Network network, string name)
    {
        IReadOnlyList<string?>? list = null;
        network.Until("the client tells", Patience, () => (list = network.MachineStatus("laptop")?.GetProperty(name).EnumerateArray().Select(one => one.GetString()).ToList()) is not null);
        return list!;
    }

    private static string Describe(string endpoints, bool withRange) => Descriptions.Laptop()
        .Replace($"endpoint: \"{World.RelayAddress}:21820\"", $"endpoint: [\"{endpoints}\"]", StringComparison.Ordinal)
        .Replace("machines: [{ name: laptop }]", """
              - { name: range, site: office, destination: 198.18.7.0/24, tcp: "80" }
            machines: [{ name: laptop }]
            """, StringComparison.Ordinal)
        .Replace("  - { resource: web6, machines: [laptop] }", $"  - {{ resource: web6, machines: [laptop] }}{(withRange ? "\n  - { resource: range, machines: [laptop] }" : "")}", StringComparison.Ordinal);
}
