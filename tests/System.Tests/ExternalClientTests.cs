using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>
/// The life of a stock app: its configuration as its owner takes it up, names, switched off and on, taken out, copied to a second device. Drawing: <see cref="World"/>.
/// </summary>
[SideBySide]
public class ExternalClientTests(ITestOutputHelper output)
{
    private const string Web = "192.168.1.20";
    private const string Neighbour = "192.168.1.21";
    private static int s_interfaces;

    [LabFact("wireguard-go", "wg", "wg-quick", "bash", "zbarimg", "getent", "setpriv")]
    [Trait("Promise", "C4"), Trait("Promise", "C5"), Trait("Promise", "C12"), Trait("Promise", "C13")]
    public void Wg_quick_takes_up_what_the_camera_reads_and_names_resolve_through_it()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        using var network = Started(world, Description());
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        string folder = Directory.CreateTempSubdirectory("keyhole-qr-").FullName;
        try
        {
            string png = Path.Combine(folder, "phone.png"), svg = Path.Combine(folder, "phone.svg"), conf = Path.Combine(folder, "phone.conf");
            Expect(network.ExternalClient("qr", "phone", "--png", png, "--svg", svg, "--conf", conf));
            string configuration = File.ReadAllText(conf);
            Assert.Contains("PrivateKey = ", configuration, StringComparison.Ordinal);

            // What the camera reads is the file, byte for byte. The decoder ends what it prints with a line break.
            var (status, decoded, error) = LabProcess.Execute("zbarimg", "--raw", "--quiet", "--nodbus", "-Sdisable", "-Sqrcode.enable", png);
            Assert.True(status == 0, error);
            Assert.Equal(configuration + "\n", decoded);
            Assert.Contains("<svg", File.ReadAllText(svg), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(conf));
            Assert.NotEqual(0, network.ExternalClient("qr", "phone").Status);

            using var app = WgQuick.Up(world.Phone, InterfaceName(), decoded);
            network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
            string address = Found(network, world.Phone, "web.acme.internal");
            Assert.Equal(Network.Overlay(configuration, "web.acme.internal").Ipv4, address);
            Assert.True(Services.Reaches(world.Phone, address, 80));
            Assert.StartsWith("100.96.", Found(network, world.Phone, "one.two.apps.acme.internal"), StringComparison.Ordinal);
            network.Until("the address has the name", () =>
                LabProcess.Execute("ip", "netns", "exec", world.Phone.Name, "getent", "hosts", address).Output.Contains("web.acme.internal", StringComparison.Ordinal));

            // Nothing of the organisation that was not granted; names of the world, where the operator wants that.
            Assert.Null(Services.Resolve(world.Phone, "files.acme.internal"));
            Assert.Equal("198.51.100.99", Found(network, world.Phone, "example.com"));
            Assert.DoesNotContain("web.acme.internal", public0.Asked);

            // A grant is a name at once, and no name after it.
            network.Apply(Description(files: true));
            network.Until("files.acme.internal has an address", () => Services.Resolve(world.Phone, "files.acme.internal") is not null);
            Assert.Contains("AllowedIPs lacks", Assert.Single(Outdated(network)), StringComparison.Ordinal);
            network.Apply(Description());
            network.Until("files.acme.internal has none", () => Services.Resolve(world.Phone, "files.acme.internal") is null);
            Assert.Empty(Outdated(network));
            app.Down();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    [Trait("Promise", "C10"), Trait("Promise", "C11"), Trait("Threat", "22")]
    public void Disabled_and_deleted_a_live_session_ends_within_a_second_and_its_handshakes_are_ignored()
    {
        using var world = new World();
        using var network = Started(world, Description());
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        network.Until("Control knows where the phone is", () => Session(network) is { ValueKind: JsonValueKind.Object } session && session.GetProperty("live").GetBoolean());

        var time = Revocation.InForceWithinASecond(network, "disabled", Open, () => Expect(network.ExternalClient("disable", "phone")), () => Expect(network.ExternalClient("enable", "phone")));
        output.WriteLine($"disabled: in force after {time.TotalMilliseconds:F0} ms");
        AssertIgnored(network, world, app);
        Assert.False(Show(network).GetProperty("enabled").GetBoolean());

        // The same configuration works again, by itself.
        Expect(network.ExternalClient("enable", "phone"));
        network.Until("the phone is back", () => Services.Reaches(world.Phone, Web, 80, 1));

        string without = Description().Replace("  - { name: phone }\n", "", StringComparison.Ordinal).Replace("external-clients: [phone]", "external-clients: [tablet]", StringComparison.Ordinal);
        time = Revocation.InForceWithinASecond(network, "deleted", Open, () => network.Apply(without), () =>
        {
            network.Apply(Description());
            app.Dispose();
            app = network.StartApp(world.Phone, network.Configuration("phone"));
        });
        output.WriteLine($"deleted: in force after {time.TotalMilliseconds:F0} ms");
        AssertIgnored(network, world, app);

        Heartbeat Open()
        {
            network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 1));
            return Heartbeat.Open(world.Phone, Web, 80);
        }
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Promise", "C8"), Trait("Threat", "23")]
    public void Nothing_at_the_site_reaches_an_app_but_the_answers_that_it_asked_for()
    {
        using var world = new World();
        using var network = Started(world, Description());
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        string configuration = network.Configuration("phone");
        using var app = network.StartApp(world.Phone, configuration);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        string phone = WireGuardGo.Values(configuration, "Address").First().Split('/')[0];
        world.OfficeServers.Route("100.64.0.0/10", "192.168.1.2");
        world.Office.Forward();

        // An open flow: whom the server sees is the connector.
        using var server = world.OfficeServers.Enter(() => Bound(Web, 9000));
        using var open = world.Phone.Enter(() => Bound(phone, 0));
        open.SendTo("hello"u8, new IPEndPoint(IPAddress.Parse(Web), 9000));
        var buffer = new byte[100];
        EndPoint connector = new IPEndPoint(IPAddress.Any, 0);
        server.ReceiveTimeout = 60_000;
        Assert.Equal(5, server.ReceiveFrom(buffer, ref connector));

        // Others of the site answer in its place: to the connector's port, to the app itself, from the right port of the wrong host.
        int appPort = ((IPEndPoint)open.LocalEndPoint!).Port;
        using var neighbour = world.OfficeServers.Enter(() => Bound(Neighbour, 9000));
        using var wrongPort = world.OfficeServers.Enter(() => Bound(Web, 9001));
        foreach (var forger in new[] { neighbour, wrongPort })
        {
            forger.SendTo("forged"u8, connector);
            forger.SendTo("forged"u8, new IPEndPoint(IPAddress.Parse(phone), appPort));
        }

        using var listener = Services.Tcp(world.Phone, phone, 7000);
        Assert.True(Services.Reaches(world.Phone, phone, 7000));
        foreach (var host in new[] { world.OfficeServers, world.Office, world.BranchServers, world.Tablet })
        {
            Assert.False(Services.Reaches(host, phone, 7000, 1));
            Assert.NotEqual(0, LabProcess.Execute("ip", "netns", "exec", host.Name, "ping", "-c", "1", "-W", "1", phone).Status);
        }

        // Only now the true answer: it is the first thing that arrives.
        server.SendTo("answer"u8, connector);
        open.ReceiveTimeout = 60_000;
        Assert.Equal("answer", global::System.Text.Encoding.ASCII.GetString(buffer, 0, open.Receive(buffer)));
        Assert.False(open.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectRead), "more arrived than was asked for");
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    [Trait("Promise", "C14")]
    public void An_app_goes_on_by_another_connector_when_one_is_killed()
    {
        using var world = new World();
        using var network = Started(world, Description(second: true));
        network.StartConnector(world.Office, "office-2");
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        for (int i = 0; i < 20; i++)
            Assert.True(Services.Reaches(world.Phone, Web, 80));

        // Flows are spread, so about half of the new ones would go through the dead one.
        network.Connectors["office-1"].Kill();
        var clock = Stopwatch.StartNew();
        int inARow = 0;
        network.Until("new flows all go through the other connector", () => (inARow = Services.Reaches(world.Phone, Web, 80, 1) ? inARow + 1 : 0) == 10);
        output.WriteLine($"ten new flows in a row, the last {clock.ElapsedMilliseconds} ms after the kill");
        for (int i = 0; i < 20; i++)
            Assert.True(Services.Reaches(world.Phone, Web, 80));
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    [Trait("Threat", "36")]
    public void One_configuration_on_two_devices_is_told_with_both_addresses_and_a_move_is_not()
    {
        using var world = new World();
        using var network = Started(world, Description());
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        string configuration = network.Configuration("phone");
        using var app = network.StartApp(world.Phone, configuration);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        network.Until("Control knows the session", () => Session(network).ValueKind == JsonValueKind.Object);

        // One device that moved.
        string moved = Session(network).GetProperty("endpoint").GetString()!;
        world.Phone.Run("wg", "set", app.Interface, "listen-port", "5555");
        network.Until("the phone reaches the office from its new address", () => Services.Reaches(world.Phone, Web, 80, 2));
        network.Until("Control knows the new address", () => Services.Reaches(world.Phone, Web, 80, 2) && Session(network).GetProperty("endpoint").GetString() != moved);
        Assert.Equal(JsonValueKind.Null, Contest(network).ValueKind);

        using var copy = network.StartApp(world.Tablet, configuration);
        network.Until("the copy is told", () =>
        {
            Services.Reaches(world.Phone, Web, 80, 0.5);
            Services.Reaches(world.Tablet, Web, 80, 0.5);
            return Contest(network).ValueKind == JsonValueKind.Object;
        });
        string[] addresses = [.. Contest(network).GetProperty("addresses").EnumerateArray().Select(address => address.GetString()!.Split(':')[0]).Order()];
        Assert.Equal(["198.51.100.2", "198.51.101.2"], addresses);
        Assert.Contains("two devices use this configuration", Expect(network.ExternalClient("show", "phone")), StringComparison.Ordinal);
        network.Relay.WaitForLine("two devices with one key", Network.Patience);
    }

    private static Network Started(World world, string description)
    {
        var network = new Network(world, description);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    private static string Description(bool files = false, bool second = false) => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820", gateway: true, dns-forward: {{World.RelayAddress}} }
        sites:
          - { name: office, connectors: [office-1{{(second ? ", office-2" : "")}}] }
        resources:
          - { name: web, site: office, destination: {{Web}}, alias: web.acme.internal, tcp: "80", udp: "9000", icmp: true }
          - { name: apps, site: office, destination: {{Web}}, alias: "*.apps.acme.internal", tcp: "80" }
          - { name: files, site: office, destination: {{Neighbour}}, alias: files.acme.internal, tcp: "*" }
        external-clients:
          - { name: phone }
          - { name: tablet }
        grants:
          - { resource: web, external-clients: [phone] }
          - { resource: apps, external-clients: [phone] }
        {{(files ? "  - { resource: files, external-clients: [phone] }" : "")}}
        """;

    /// <summary>The app tries again and again, and gets no answer: the relay does not know its key.</summary>
    private static void AssertIgnored(Network network, World world, WireGuardGo app)
    {
        string before = app.Show("latest-handshakes");
        long ignored = Unknown(network);
        network.Until("the relay ignores handshakes of the app", () =>
        {
            Services.Reaches(world.Phone, Web, 80, 0.5);
            return Unknown(network) >= ignored + 2;
        });
        Assert.Equal(before, app.Show("latest-handshakes"));
    }

    /// <summary>Handshakes that the relay dropped since it knows no such key.</summary>
    private static long Unknown(Network network) =>
        network.WaitForRelayStatus().GetProperty("drops").TryGetProperty("WireGuard.UnknownPeer", out var count) ? count.GetInt64() : 0;

    private static JsonElement Show(Network network) => JsonDocument.Parse(Expect(network.ExternalClient("show", "phone", "--json"))).RootElement;

    private static JsonElement Session(Network network) => Show(network).GetProperty("session");

    private static JsonElement Contest(Network network) => Session(network).GetProperty("contest");

    private static IReadOnlyList<string?> Outdated(Network network) =>
        [.. Show(network).GetProperty("config").GetProperty("outdated").EnumerateArray().Select(reason => reason.GetString())];

    private static string Expect((int Status, string Output, string Error) result) =>
        result.Status == 0 ? result.Output : throw new InvalidOperationException($"status {result.Status}: {result.Error}{result.Output}");

    private static Socket Bound(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    private static string Found(Network network, NetworkNamespace host, string name)
    {
        string? address = null;
        network.Until($"{name} has an address", () => (address = Services.Resolve(host, name)) is not null);
        return address!;
    }

    private static string InterfaceName() => $"khq{Environment.ProcessId % 100000}x{Interlocked.Increment(ref s_interfaces)}";
}
