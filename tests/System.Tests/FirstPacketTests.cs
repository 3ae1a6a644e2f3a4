using Keyhole.Lab;
using Xunit.Sdk;

namespace Keyhole.System.Tests;

/// <summary>A stock WireGuard app reaches what it was granted, through relay and connector, and nothing else. Drawing: <see cref="World"/>.</summary>
public class FirstPacketTests
{
    private const string Web = "192.168.1.20";

    [LabFact("wireguard-go", "wg", "iperf3", "curl", "ping", "setpriv", "perl")]
    [Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "A11"), Trait("Promise", "C7"), Trait("Promise", "C9"), Trait("Promise", "C12"), Trait("Promise", "D2"), Trait("Promise", "D7"), Trait("Promise", "D9")]
    public void Curl_ping_and_iperf3_reach_the_granted_resource_at_both_addresses_and_nothing_else()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        string configuration = network.Configuration("phone");
        var (overlay, overlay6) = Network.Overlay(configuration, "web.acme.internal");
        world.Topology.Start(world.OfficeServers, "perl", Path.Combine(Programs.Root, "scripts", "demo-service"), Web, "80");
        using var files = Services.Tcp(world.OfficeServers, "192.168.1.21", 80);
        using var app = network.StartApp(world.Phone, configuration);

        network.Until("curl at the native address", () => Curl(world.Phone, $"http://{Web}/").Contains("private service", StringComparison.Ordinal));
        // The target sees the connector's own address: nothing at the site knows the overlay (D7).
        Assert.Contains("192.168.1.2 from here", Curl(world.Phone, $"http://{Web}/"), StringComparison.Ordinal);
        Assert.Contains("private service", Curl(world.Phone, $"http://{overlay}/"), StringComparison.Ordinal);
        Assert.Contains("private service", Curl(world.Phone, $"http://[{overlay6}]/"), StringComparison.Ordinal);
        foreach (string address in new[] { Web, overlay, overlay6 })
            Pings.AllAnswered(world.Phone, address);

        Iperf3.Serve(world.Topology, world.OfficeServers);
        foreach (string address in new[] { Web, overlay })
        {
            foreach (string[] kind in new string[][] { [], ["-R"], ["-P", "4"] })
                BestOfThree.Where(run => run.BitsPerSecond > 10e6, "TCP passes", () => Iperf3.Run(world.Phone, address, ["-t", "1", .. kind]));
            BestOfThree.Where(run => run.Bytes > 0 && run.LostPercent < 1, "UDP passes", () => Iperf3.Run(world.Phone, address, "-t", "1", "-u", "-b", "20M", "-l", "1200"));
        }

        // Not granted: neither a name for it in the configuration nor an answer, also when the app forges the route.
        Assert.DoesNotContain("192.168.1.21", configuration, StringComparison.Ordinal);
        world.Phone.Run("wg", "set", app.Interface, "peer", PeerKey(configuration), "allowed-ips", "0.0.0.0/0,::/0");
        world.Phone.Ip("route", "add", "192.168.1.21", "dev", app.Interface);
        Assert.True(Services.Reaches(world.Office, "192.168.1.21", 80));
        Assert.False(Services.Reaches(world.Phone, "192.168.1.21", 80, 1));
        Assert.NotEqual(0, LabProcess.Execute("ip", "netns", "exec", world.Phone.Name, "ping", "-c", "2", "-i", "0.2", "-W", "1", "192.168.1.21").Status);
        // A port that the resource does not open, and the connector itself.
        using var closed = Services.Tcp(world.OfficeServers, Web, 22);
        Assert.False(Services.Reaches(world.Phone, Web, 22, 1));
        world.Phone.Ip("route", "add", "192.168.1.2", "dev", app.Interface);
        using var own = Services.Tcp(world.Office, "192.168.1.2", 80);
        Assert.False(Services.Reaches(world.Phone, "192.168.1.2", 80, 1));
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Promise", "A6"), Trait("Promise", "A10"), Trait("Promise", "D4"), Trait("Promise", "D6"), Trait("Threat", "24")]
    public void Two_sites_with_the_same_network_work_at_the_same_time()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme(branch: true));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartConnector(world.Branch, "branch-1");
        using var office = Services.Tcp(world.OfficeServers, Web, 8001);
        using var branch = Services.Tcp(world.BranchServers, Web, 8002);
        string configuration = network.Configuration("phone");
        using var phone = network.StartApp(world.Phone, configuration);
        using var tablet = network.StartApp(world.Tablet, network.Configuration("tablet"));
        var (officeWeb, _) = Network.Overlay(configuration, "web.acme.internal");
        var (branchWeb, branchWeb6) = Network.Overlay(configuration, "web.branch.internal");

        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, officeWeb, 8001, 2));
        Assert.True(Services.Reaches(world.Phone, branchWeb, 8002));
        Assert.True(Services.Reaches(world.Phone, branchWeb6, 8002));
        // Each address leads to its own site: the other site's port is closed there.
        Assert.False(Services.Reaches(world.Phone, officeWeb, 8002, 1));
        Assert.False(Services.Reaches(world.Phone, branchWeb, 8001, 1));
        // The address that both sites claim is left out for the phone, and leads to the branch for the tablet, who has nothing else.
        Assert.DoesNotContain("192.168.1.20/32", configuration, StringComparison.Ordinal);
        network.Until("the tablet reaches the branch", () => Services.Reaches(world.Tablet, Web, 8002, 2));
        Assert.False(Services.Reaches(world.Tablet, Web, 8001, 1));
        world.Tablet.Ip("route", "replace", officeWeb, "dev", tablet.Interface);
        Assert.False(Services.Reaches(world.Tablet, officeWeb, 8001, 1));
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ss")]
    [Trait("Promise", "D1"), Trait("Promise", "C8"), Trait("Threat", "23")]
    public void The_connector_listens_nowhere_and_the_site_cannot_call_the_app()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        string configuration = network.Configuration("phone");
        using var app = network.StartApp(world.Phone, configuration);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));

        Assert.DoesNotContain("LISTEN", world.Office.Run("ss", "-Hltn"), StringComparison.Ordinal);
        // The app has an open service; the site has a route to it by all means: nobody gets in.
        string phone = WireGuardGo.Values(configuration, "Address").First().Split('/')[0];
        using var open = Services.Tcp(world.Phone, phone, 7000);
        Assert.True(Services.Reaches(world.Phone, phone, 7000));
        world.OfficeServers.Route("100.64.0.0/10", "192.168.1.2");
        world.Office.Forward();
        Assert.False(Services.Reaches(world.OfficeServers, phone, 7000, 1));
        Assert.False(Services.Reaches(world.Office, phone, 7000, 1));
        // Unsolicited datagrams to the connector's own socket get no answer.
        string sockets = world.Office.Run("ss", "-Hlun");
        int port = int.Parse(sockets.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split(':')[^1]);
        Assert.False(AnswersUdp(world.OfficeServers, "192.168.1.2", port));
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    [Trait("Promise", "A2"), Trait("Threat", "22")]
    public void Taking_the_grant_away_stops_an_open_flow_within_a_second_and_says_when()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));

        // A confirmation after which the flow goes on is found out.
        using (var beat = Heartbeat.Open(world.Phone, Web, 80))
            Assert.ThrowsAny<XunitException>(() => Revocation.Take(network, beat, () => "the connector follows it, after 1 ms"));

        Revocation.InForceWithinASecond(
            network, "the grant is taken away", () => Heartbeat.Open(world.Phone, Web, 80), () => network.Apply(Descriptions.Acme(web: false)), () => network.Apply(Descriptions.Acme()));
        Assert.False(Services.Reaches(world.Phone, Web, 80, 1));
        network.Connectors["office-1"].WaitForLine("(?i)enforced", Network.Patience);
        network.Control.WaitForLine("(?i)enforced", Network.Patience);

        network.Apply(Descriptions.Acme());
        network.Until("granted again without a restart", () => Services.Reaches(world.Phone, Web, 80, 1));
    }

    private static string Curl(NetworkNamespace host, string url) => LabProcess.Execute("ip", "netns", "exec", host.Name, "curl", "-gsS", "-m", "3", url).Output;

    private static string PeerKey(string configuration) => WireGuardGo.Values(configuration, "PublicKey").Single();

    private static bool AnswersUdp(NetworkNamespace host, string address, int port) => host.Enter(() =>
    {
        using var socket = new global::System.Net.Sockets.UdpClient(address, port);
        socket.Client.ReceiveTimeout = 500;
        foreach (int length in new[] { 1, 32, 64, 92, 148, 1200 })
            for (byte type = 0; type < 6; type++)
            {
                var datagram = new byte[length];
                datagram[0] = type;
                socket.Send(datagram);
            }

        try
        {
            return socket.Client.Receive(new byte[2000]) > 0;
        }
        catch (global::System.Net.Sockets.SocketException)
        {
            return false;
        }
    });
}
