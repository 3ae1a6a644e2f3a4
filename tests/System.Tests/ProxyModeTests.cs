using System.Text;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// A machine runs <c>keyhole up --proxy</c> without any privilege, on a host without a TUN device. Drawing: <see cref="World"/>; the laptop stands where
/// the phone does, its programs reach 127.0.0.1.
/// </summary>
[SideBySide]
public class ProxyModeTests
{
    private const string Web = "192.168.1.20";
    private const string Alias = "web.acme.internal";
    private const int Socks = 1080;

    [LabFact("setpriv", "curl")]
    [Trait("Promise", "A14"), Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "D9")]
    public void Programs_reach_by_SOCKS_and_HTTP_CONNECT_what_was_granted_and_nothing_else()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = HttpService.Start(world.OfficeServers, Web, 8000, "granted");
        using var files = HttpService.Start(world.OfficeServers, "192.168.1.21", 8000, "not granted");
        using var closed = HttpService.Start(world.OfficeServers, Web, 22, "port not granted");
        using var echo = Services.UdpEcho(world.OfficeServers, Web, 9000);
        string routes = world.Phone.Run("ip", "route");
        network.StartProxy(world.Phone, "laptop");
        Assert.Equal(routes, world.Phone.Run("ip", "route"));

        foreach (string host in new[] { Alias, Web })
        {
            UntilFetched(network, world, "granted", "--socks5-hostname", $"127.0.0.1:{Socks}", $"http://{host}:8000/");
            UntilFetched(network, world, "granted", "--proxytunnel", "--proxy", $"http://127.0.0.1:{Socks}", $"http://{host}:8000/");
        }

        Assert.Equal("datagram", Encoding.ASCII.GetString(SocksClient.Exchange(world.Phone, Socks, Alias, 9000, "datagram"u8.ToArray()) ?? []));
        byte[] large = new byte[9000];
        Assert.Equal(large, SocksClient.Exchange(world.Phone, Socks, Alias, 9000, large));

        // Each kind of refusal has its reply: nobody listens, another host, another port, a name of nobody.
        network.Until("a closed port is refused", () => Reply(world, Alias, 8001) == 5);
        Assert.Equal(2, Reply(world, "192.168.1.21", 8000));
        Assert.Equal(2, Reply(world, Web, 22));
        Assert.Equal(2, Reply(world, "files.acme.internal", 8000));
        Assert.NotEqual(0, Curl(world, "--socks5-hostname", $"127.0.0.1:{Socks}", "http://192.168.1.21:8000/").Status);
        var status = network.WaitForMachineStatus("laptop");
        Assert.Equal("proxy", status.GetProperty("mode").GetString());
        Assert.Equal($"127.0.0.1:{Socks}", status.GetProperty("proxy").GetProperty("listen").GetString());
        Assert.Equal(4, Refused(status, "notGranted"));
        Assert.True(Refused(status, "unreachable") >= 1);

        Assert.Equal(0, network.StopMachine("laptop").Status);
        network.Until("the proxy is gone", () => network.Machines["laptop"].HasExited);
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A14")]
    public void Fifty_megabytes_arrive_both_ways_through_a_forward_while_packets_are_lost()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        using var echo = Services.UdpEcho(world.OfficeServers, Web, 9000);
        network.StartProxy(world.Phone, "laptop", "--listen", "off", "-L", $"8000:{Alias}:8000", "-L", $"udp:9000:{Alias}:9000");
        using var pulse = new Pulse(world.Phone, "127.0.0.1", 9000);
        network.Until("datagrams come back", () => pulse.Report().Received > 0);
        Firewall.Lose(world.HomeRouter, 1);
        Assert.True(Services.Download(world.Phone, "127.0.0.1", 8000, 50_000_000, seed: 1));
        Assert.True(Services.Upload(world.Phone, "127.0.0.1", 8000, 50_000_000, seed: 2));
        Assert.False(Services.Reaches(world.Phone, "127.0.0.1", Socks, 1));
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A3"), Trait("Promise", "A14"), Trait("Threat", "22")]
    public void An_open_flow_ends_with_its_grant_and_another_connector_takes_over_from_a_dead_one()
    {
        using var world = new World();
        using var network = Started(world, second: true);
        network.StartConnector(world.Office, "office-2");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartProxy(world.Phone, "laptop", "-L", $"8000:{Alias}:8000");
        Assert.True(Services.Reaches(world.Phone, "127.0.0.1", 8000));

        // Flows are spread over both; those of the dead one move when they are made anew.
        network.Connectors["office-2"].Kill();
        network.Until("new flows work", () => Enumerable.Range(0, 8).All(_ => Services.Reaches(world.Phone, "127.0.0.1", 8000, 2)));

        // The dead one is no part of the network any more: who is gone confirms nothing.
        network.Apply(Descriptions.Laptop());
        Revocation.InForceWithinASecond(
            network, "the grant is taken away",
            () => Heartbeat.Open(world.Phone, "127.0.0.1", 8000),
            () => network.Apply(Descriptions.Laptop(web: false)),
            () =>
            {
                network.Apply(Descriptions.Laptop());
                network.Until("new flows work", () => Services.Reaches(world.Phone, "127.0.0.1", 8000, 2));
            },
            flow => network.Until("the program is told that its flow was cut", () => flow.Ended));

        // The connector has cut it; the client refuses by itself once it has its own table.
        network.Until("the client refuses it", () => Reply(world, Alias, 8000) == 2);
    }

    [LabFact("setpriv", "curl")]
    [Trait("Promise", "A14")]
    public void It_works_on_the_sockets_that_every_system_has_and_asks_for_its_password_beyond_loopback()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop(), new Dictionary<string, string> { ["KEYHOLE_NET"] = "portable" });
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = HttpService.Start(world.OfficeServers, Web, 8000, "granted");
        string folder = Directory.CreateTempSubdirectory("keyhole-secret-").FullName;
        string secret = Path.Combine(folder, "secret");
        File.WriteAllText(secret, "open sesame\n");
        try
        {
            network.StartProxy(world.Phone, "laptop", "--listen", $"10.9.0.2:{Socks}", "--socks-user", "ann", "--socks-secret-file", secret);
            UntilFetched(network, world, "granted", "--proxy-user", "ann:open sesame", "--socks5-hostname", $"10.9.0.2:{Socks}", $"http://{Alias}:8000/");
            UntilFetched(network, world, "granted", "--proxy-user", "ann:open sesame", "--proxytunnel", "--proxy", $"http://10.9.0.2:{Socks}", $"http://{Alias}:8000/");
            Assert.NotEqual(0, Curl(world, "--proxy-user", "ann:open", "--socks5-hostname", $"10.9.0.2:{Socks}", $"http://{Alias}:8000/").Status);
            Assert.NotEqual(0, Curl(world, "--socks5-hostname", $"10.9.0.2:{Socks}", $"http://{Alias}:8000/").Status);
            Assert.Equal(2, Refused(network.WaitForMachineStatus("laptop"), "unauthorised"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [LabFact("setpriv", "curl")]
    [Trait("Promise", "A14"), Trait("Promise", "D9")]
    public void With_direct_what_was_not_granted_is_reached_outside_the_tunnel()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = HttpService.Start(world.OfficeServers, Web, 8000, "granted");
        using var files = HttpService.Start(world.OfficeServers, "192.168.1.21", 8000, "not granted");
        using var outside = HttpService.Start(world.Vps, World.RelayAddress, 8000, "outside");
        network.StartProxy(world.Phone, "laptop", "--direct");
        UntilFetched(network, world, "granted", "--socks5-hostname", $"127.0.0.1:{Socks}", $"http://{Alias}:8000/");
        UntilFetched(network, world, "outside", "--socks5-hostname", $"127.0.0.1:{Socks}", $"http://{World.RelayAddress}:8000/");
        UntilFetched(network, world, "outside", "--proxytunnel", "--proxy", $"http://127.0.0.1:{Socks}", $"http://{World.RelayAddress}:8000/");
        Assert.True(network.WaitForMachineStatus("laptop").GetProperty("proxy").GetProperty("direct").GetInt64() >= 2);

        // The other host of the office is nowhere outside; another port of a granted one does not leave the tunnel.
        Assert.NotEqual(0, Reply(world, "192.168.1.21", 8000));
        Assert.Equal(2, Reply(world, Web, 22));
    }

    private static Network Started(World world, bool second = false)
    {
        var network = new Network(world, Descriptions.Laptop(second: second));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    private static (int Status, string Output, string Error) Curl(World world, params string[] arguments) =>
        LabProcess.Execute("ip", ["netns", "exec", world.Phone.Name, "curl", "--silent", "--show-error", "--max-time", "60", .. arguments]);

    /// <summary>Fetches until the page comes: a connector that a machine which stands still has not heard for a moment is not reachable for one.</summary>
    private static void UntilFetched(Network network, World world, string page, params string[] arguments)
    {
        var last = (Status: 0, Output: "", Error: "");
        network.Until($"'{page}' is fetched", () => (last = Curl(world, arguments)).Output == page, () => $"{last}");
    }

    private static byte Reply(World world, string name, int port)
    {
        var (reply, socket) = SocksClient.Open(world.Phone, Socks, name, port);
        socket.Dispose();
        return reply;
    }

    private static long Refused(JsonElement status, string reason) => status.GetProperty("proxy").GetProperty("refused").GetProperty(reason).GetInt64();
}
