using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.System.Tests;

/// <summary>
/// A client that ignores its own filters, over real sessions: nothing passes at the connector, whose counters say why. Drawing: <see cref="World"/>; it
/// stands where the phone does and sends to the office.
/// </summary>
[SideBySide]
public class LyingClientTests
{
    private const string Web = "192.168.1.20";
    private const ushort Granted = 9000;
    private const int Rounds = 10;

    /// <summary>Of what is granted, and of what is not: answers on their way can be told apart, and so can datagrams on their way to the servers.</summary>
    private const ushort TrueSourcePort = 999;
    private const int TruePayload = 4;
    private const int FalsePayload = 8;

    /// <summary>Addresses that are not its own: another client's, a target's, the connector's, one of the overlay, a stranger's.</summary>
    private static readonly string[] s_forged = ["100.64.1.77", Web, "192.168.1.2", "100.96.0.1", "8.8.8.8", "fd55::20"];

    [LabFact("setpriv")]
    [Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "D3"), Trait("Promise", "D10"), Trait("Threat", "17"), Trait("Threat", "14")]
    public void A_client_that_ignores_its_filters_gets_nothing_beyond_its_grants()
    {
        using var world = new World();
        using var network = Started(world, Descriptions.Laptop());
        using var web = Services.UdpEcho(world.OfficeServers, Web, Granted);
        using var files = Services.UdpEcho(world.OfficeServers, "192.168.1.21", Granted);
        using var port = Services.UdpEcho(world.OfficeServers, Web, 9001);
        Enrol(network, world, "laptop");

        // Whatever the connector sends to its servers is counted: granted, and anything else but neighbour discovery.
        Firewall.Count(world.OfficeServers, "granted", $"ip saddr 192.168.1.2 ip daddr {Web} udp dport {Granted} udp length {UdpHeader.Length + TruePayload}");
        Firewall.Count(world.OfficeServers, "forged", $"udp length {UdpHeader.Length + FalsePayload}");
        Firewall.Count(world.OfficeServers, "stray", $"ip saddr 192.168.1.2 udp dport != {Granted}");
        Firewall.Count(world.OfficeServers, "files", "ip daddr 192.168.1.21");
        Firewall.Count(world.OfficeServers, "tcp", "meta l4proto { tcp, gre }");
        using var liar = LyingClient.Start(world.Phone, network.DataOf("laptop"), s_forged);
        network.Until("the liar has its session", () => liar.HasSessions);

        // What it was granted works, so that what follows fails for the right reason.
        var own = liar.Own.First(address => address.IsIpv4);
        network.Until("its granted datagrams are answered", () => liar.Send(Udp(own, Web, Granted)) && liar.TakeReceived().Count > 0);
        Assert.True(Firewall.Counted(world.OfficeServers, "granted") > 0);

        long notGranted = Denied(network, "notGranted"), portNotGranted = Denied(network, "portNotGranted"), notCarried = Denied(network, "protocolNotCarried");
        long sourceNotAllowed = WireGuardDropped(network, "sourceNotAllowed");
        for (int round = 0; round < Rounds; round++)
        {
            // Other hosts, other ports, the connector's own host, groups and metadata.
            foreach (string target in new[] { "192.168.1.21", "192.168.1.2", "10.8.0.2", "203.0.113.10", "192.168.1.255", "169.254.169.254" })
                liar.Send(Udp(own, target, Granted, (ushort)(1000 + round)));
            liar.Send(Udp(own, Web, 9001, (ushort)(1000 + round)));
            liar.Send(Syn(own, "192.168.1.21", 8000, (ushort)(1000 + round)));
            liar.Send(Syn(own, Web, 22, (ushort)(1000 + round)));
            liar.Send(Raw(own, Web, protocol: 47));
            // Granted, but as somebody else.
            foreach (string source in s_forged)
            {
                string target = source.Contains(':', StringComparison.Ordinal) ? "fd55::21" : source == Web ? "192.168.1.21" : Web;
                Assert.True(liar.Send(Udp(IpAddress.Parse(source), target, Granted, (ushort)(1000 + round))), $"the liar itself refused {source}");
            }
        }

        network.Until("the connector has counted all of it", () =>
            Denied(network, "notGranted") - notGranted >= 5 * Rounds
            && Denied(network, "portNotGranted") - portNotGranted >= 2 * Rounds
            && Denied(network, "protocolNotCarried") - notCarried >= Rounds
            && WireGuardDropped(network, "sourceNotAllowed") - sourceNotAllowed >= s_forged.Length * Rounds);
        Assert.Equal(0, Firewall.Counted(world.OfficeServers, "forged"));
        Assert.Equal(0, Firewall.Counted(world.OfficeServers, "stray"));
        Assert.Equal(0, Firewall.Counted(world.OfficeServers, "files"));
        Assert.Equal(0, Firewall.Counted(world.OfficeServers, "tcp"));

        // Nothing came back but errors, and answers to what was granted; its session goes on as before.
        foreach (byte[] packet in liar.TakeReceived())
        {
            Assert.True(IpView.TryParse(packet, out var view));
            Assert.True(
                view.Protocol is IpProtocol.Icmp or IpProtocol.Icmpv6 || (view.Protocol == IpProtocol.Tcp && IsReset(view)) || IsAnswer(view),
                $"protocol {view.Protocol} from {view.Source}");
        }

        network.Until("its granted datagrams are answered", () => liar.Send(Udp(own, Web, Granted)) && liar.TakeReceived().Any(IsAnswer));
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A1"), Trait("Promise", "D10"), Trait("Threat", "17")]
    public void A_client_without_any_grant_gets_no_session_although_it_knows_the_connectors_key()
    {
        using var world = new World();
        using var network = Started(world, Descriptions.Laptop().Replace("machines: [{ name: laptop }]", "machines: [{ name: laptop }, { name: stranger }]", StringComparison.Ordinal));
        using var web = Services.UdpEcho(world.OfficeServers, Web, Granted);
        Enrol(network, world, "laptop");
        Enrol(network, world, "stranger");
        string key = network.WaitForConnectorStatus("office-1").GetProperty("publicKey").GetString()!;
        Firewall.Count(world.OfficeServers, "any", "ip saddr 192.168.1.2");

        using var stranger = LyingClient.Start(world.Phone, network.DataOf("stranger"), [], ("office-1", key));
        using var laptop = LyingClient.Start(world.Tablet, network.DataOf("laptop"), []);
        network.Until("the laptop, with the same code, has its session", () => laptop.HasSessions);
        var own = stranger.Own.First(address => address.IsIpv4);
        for (int attempt = 0; attempt < 60; attempt++)
        {
            stranger.Send(Udp(own, Web, Granted));
            Thread.Sleep(50);
        }

        Assert.False(stranger.HasSessions);
        Assert.Empty(stranger.TakeReceived());
        Assert.Equal(0, Firewall.Counted(world.OfficeServers, "any"));
        var granted = laptop.Own.First(address => address.IsIpv4);
        network.Until("the laptop's datagrams are answered", () => laptop.Send(Udp(granted, Web, Granted)) && laptop.TakeReceived().Count > 0);
        Assert.True(Firewall.Counted(world.OfficeServers, "any") > 0);
    }

    private static Network Started(World world, string yaml)
    {
        var network = new Network(world, yaml);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    /// <summary>The true program makes the key and brings the table, then leaves the stage.</summary>
    private static void Enrol(Network network, World world, string name)
    {
        network.StartProxy(world.Phone, name, "--listen", "off");
        Assert.Equal(0, network.StopMachine(name).Status);
        network.Until("it has ended", () => network.Machines[name].HasExited);
    }

    private static long Denied(Network network, string reason) => network.WaitForConnectorStatus("office-1").GetProperty("denied").GetProperty(reason).GetInt64();

    private static long WireGuardDropped(Network network, string reason) => network.WaitForConnectorStatus("office-1").GetProperty("wireGuardDropped").GetProperty(reason).GetInt64();

    private static bool IsReset(in IpView packet) => TcpView.TryParse(packet.Payload, out var tcp) && (tcp.Flags & TcpFlags.Rst) != 0;

    private static bool IsAnswer(byte[] packet) => IpView.TryParse(packet, out var view) && IsAnswer(view);

    private static bool IsAnswer(in IpView packet) => packet.Protocol == IpProtocol.Udp && UdpView.TryParse(packet.Payload, out var udp) && udp.DestinationPort == TrueSourcePort;

    private static byte[] Udp(IpAddress source, string target, ushort port, ushort sourcePort = TrueSourcePort)
    {
        var destination = IpAddress.Parse(target);
        int ip = IpHeader.LengthFor(source);
        byte[] packet = new byte[ip + UdpHeader.Length + (sourcePort == TrueSourcePort ? TruePayload : FalsePayload)];
        IpHeader.Write(packet, source, destination, IpProtocol.Udp, packet.Length - ip);
        UdpHeader.Write(packet.AsSpan(ip), source, sourcePort, destination, port);
        return packet;
    }

    private static byte[] Syn(IpAddress source, string target, ushort port, ushort sourcePort)
    {
        var destination = IpAddress.Parse(target);
        int ip = IpHeader.LengthFor(source);
        byte[] packet = new byte[ip + TcpHeader.MinimumLength];
        IpHeader.Write(packet, source, destination, IpProtocol.Tcp, packet.Length - ip);
        TcpHeader.Write(packet.AsSpan(ip), sourcePort, port, 1, 0, TcpFlags.Syn, 1000, default);
        TcpHeader.WriteChecksum(packet.AsSpan(ip), source, destination);
        return packet;
    }

    private static byte[] Raw(IpAddress source, string target, byte protocol)
    {
        int ip = IpHeader.LengthFor(source);
        byte[] packet = new byte[ip + 20];
        IpHeader.Write(packet, source, IpAddress.Parse(target), protocol, packet.Length - ip);
        return packet;
    }
}
