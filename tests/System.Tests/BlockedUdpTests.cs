using System.Net.Sockets;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// Networks that let no UDP pass: client and connector reach the relay by TLS on TCP 443, by themselves, and by UDP again when it returns. Drawing:
/// <see cref="World"/>; the laptop stands where the phone does.
/// </summary>
[SideBySide]
public class BlockedUdpTests
{
    private const string Web = "192.168.1.20";
    private const string NoUdp = "meta l4proto udp";
    private const long Bytes = 20_000_000;

    /// <summary>UDP is asked after 30 s, 90 s and 210 s: on a slow machine the first times may pass while it is still blocked.</summary>
    private static readonly TimeSpan ProbePatience = TimeSpan.FromMinutes(5);

    [LabFact("setpriv")]
    [Trait("Promise", "A9")]
    public void Where_a_client_has_no_UDP_transfers_pass_by_TLS() => TransfersPass(atClient: true, atConnector: false);

    [LabFact("setpriv")]
    [Trait("Promise", "A9")]
    public void Where_a_connector_has_no_UDP_transfers_pass_by_TLS() => TransfersPass(atClient: false, atConnector: true);

    [LabFact("setpriv")]
    [Trait("Promise", "A9")]
    public void Where_neither_has_UDP_transfers_pass_by_TLS() => TransfersPass(atClient: true, atConnector: true);

    [LabFact("setpriv")]
    [Trait("Promise", "A9"), Trait("Promise", "A12")]
    public void A_transfer_goes_on_when_UDP_is_blocked_in_its_middle_and_when_it_returns()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        using var beat = Heartbeat.Open(world.Phone, Web, 8000);

        Firewall.Block(world.HomeRouter, "noudp", NoUdp);
        Firewall.Block(world.OfficeRouter, "noudp", NoUdp);
        network.Until("both are on TLS", () => Transports(network) == ("tls", "tls"));
        network.UntilEchoed("the open flow goes on", beat);
        Assert.True(Services.Download(world.Phone, Web, 8000, Bytes, seed: 3));

        Firewall.Remove(world.HomeRouter, "noudp");
        Firewall.Remove(world.OfficeRouter, "noudp");
        network.Until("both are on UDP", ProbePatience, () => Transports(network) == ("udp", "udp"));
        network.UntilEchoed("the open flow goes on", beat);
        Assert.False(beat.Ended);
        Assert.True(Services.Upload(world.Phone, Web, 8000, Bytes, seed: 4));
        network.Until("the connections are gone", () => network.WaitForRelayStatus().GetProperty("tls").GetProperty("agents").GetInt32() == 0);
    }

    [LabFact("setpriv")]
    public void Who_fills_the_TLS_port_with_silence_and_garbage_does_not_disturb_forwarding()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        var idle = new List<Socket>();
        var stop = new CancellationTokenSource();
        var noise = Task.Run(() => MakeNoise(world, idle, stop.Token));
        Assert.True(Services.Download(world.Phone, Web, 8000, Bytes, seed: 5));
        Assert.True(Services.Upload(world.Phone, Web, 8000, Bytes, seed: 6));
        stop.Cancel();
        noise.Wait();
        network.Until("garbage and silence are shown out", () => Count(network, "NotTls") > 0 && Count(network, "Refused") + Count(network, "TimedOut") > 0);

        // Others still find a way in by TLS, whatever that source holds open.
        Firewall.Block(world.HomeRouter, "noudp", NoUdp);
        network.Until("the laptop is on TLS", () => Transport(network.MachineStatus("laptop")) == "tls");
        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        idle.ForEach(socket => socket.Dispose());
    }

    /// <summary>How often it happened to a connection at the relay.</summary>
    private static long Count(Network network, string happened) =>
        network.WaitForRelayStatus().GetProperty("tls").GetProperty("events").TryGetProperty(happened, out var count) ? count.GetInt64() : 0;

    private static void TransfersPass(bool atClient, bool atConnector)
    {
        using var world = new World();
        if (atClient)
            Firewall.Block(world.HomeRouter, "noudp", NoUdp);
        if (atConnector)
            Firewall.Block(world.OfficeRouter, "noudp", NoUdp);
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        Assert.True(Services.Download(world.Phone, Web, 8000, Bytes, seed: 1), "down");
        Assert.True(Services.Upload(world.Phone, Web, 8000, Bytes, seed: 2), "up");

        // A machine that stands still for seconds may put the other one on TLS, too, for a while.
        var expected = (atClient ? "tls" : "udp", atConnector ? "tls" : "udp");
        network.Until($"the ways are {expected}", ProbePatience, () => Transports(network) == expected, () => $"{Transports(network)}");
        int agents = (atClient ? 1 : 0) + (atConnector ? 1 : 0);
        network.Until($"{agents} agents are on TLS", () => network.WaitForRelayStatus().GetProperty("tls").GetProperty("agents").GetInt32() == agents);
        if (!atClient)
            return;
        var relay = network.WaitForMachineStatus("laptop").GetProperty("relays")[0];
        Assert.StartsWith("UDP unanswered for ", relay.GetProperty("transportReason").GetString(), StringComparison.Ordinal);
        Assert.Equal($"{World.RelayAddress}:443", relay.GetProperty("endpoint").GetString());
    }

    private static void MakeNoise(World world, List<Socket> idle, CancellationToken stop)
    {
        byte[] garbage = new byte[500];
        var random = new Random(1);
        for (int i = 0; !stop.IsCancellationRequested || i < 400; i++)
        {
            try
            {
                var socket = Services.Connect(world.Tablet, World.RelayAddress, 443);
                if (i % 2 == 0)
                {
                    random.NextBytes(garbage);
                    socket.Send(garbage);
                }

                idle.Add(socket);
            }
            catch (Exception e) when (e is SocketException or TimeoutException or AggregateException)
            {
                // Refused: that is what is wanted.
            }

            if (idle.Count > 500)
            {
                idle.ForEach(socket => socket.Dispose());
                idle.Clear();
            }
        }
    }

    private static Network Started(World world)
    {
        // Programs without privilege take port 443, as the administrator of a relay would allow it.
        world.Vps.Sysctl("net.ipv4.ip_unprivileged_port_start", "0");
        var network = new Network(world, Descriptions.Laptop(), new Dictionary<string, string>
        {
            ["KEYHOLE_TLS_LISTEN"] = $"{World.RelayAddress}:443",
            ["KEYHOLE_RELAY_ONLY"] = "1",
        });
        network.StartRelay();
        network.Until("the relay is there", () => network.RelayStatus() is { } status && status.GetProperty("tls").GetProperty("listen").GetString() is not null);
        return network;
    }

    private static (string? Client, string? Connector) Transports(Network network) => (Transport(network.MachineStatus("laptop")), Transport(network.ConnectorStatus("office-1")));

    private static string? Transport(JsonElement? status) =>
        status?.GetProperty("relays") is { ValueKind: JsonValueKind.Array } relays && relays.GetArrayLength() > 0 && relays[0].GetProperty("state").GetString() == "live"
            ? relays[0].GetProperty("transport").GetString()
            : null;
}
