using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>
/// Our device and wireguard-go, one cable apart:
/// <code>
/// ours 192.0.2.1, fd00:1::1 (inner 10.9.0.1, fd09::1) ---- 192.0.2.2, fd00:1::2 stock (inner 10.9.0.2, fd09::2 on its TUN)
/// </code>
/// </summary>
internal sealed class StockPeer : IDisposable
{
    public const ushort OurPort = 21820;
    public const ushort StockPort = 51820;

    public static readonly IpAddress OurInner4 = IpAddress.Parse("10.9.0.1");
    public static readonly IpAddress OurInner6 = IpAddress.Parse("fd09::1");
    public static readonly IpAddress StockInner4 = IpAddress.Parse("10.9.0.2");
    public static readonly IpAddress StockInner6 = IpAddress.Parse("fd09::2");

    private static int s_count;

    private readonly Topology _topology = new();

    /// <param name="outerIpv6">Whether the outer datagrams are IPv6.</param>
    /// <param name="stockKnowsUs">Whether the stock node has our endpoint, so that it can initiate.</param>
    public StockPeer(bool outerIpv6 = false, bool stockKnowsUs = true, bool presharedKey = true, TimerSchedule? schedule = null, LoadPolicy? loadPolicy = null)
    {
        Ours = _topology.Host("kw-ours");
        Stock = _topology.Host("kw-stock");
        Topology.Cable(Ours, "eth0", ["192.0.2.1/24", "fd00:1::1/64"], Stock, "eth0", ["192.0.2.2/24", "fd00:1::2/64"]);
        Node = _topology.Own(new SocketNode(Ours, OurPort, schedule ?? TimerSchedule.Keyhole, loadPolicy));

        using var stockKey = PrivateKey.Generate(RandomSource.System);
        using var shared = presharedKey ? PresharedKey.Generate(RandomSource.System) : null;
        byte[] exported = new byte[PrivateKey.Length];
        stockKey.Export(exported);
        string endpoint = outerIpv6 ? "[fd00:1::1]" : "192.0.2.1";
        string configuration = $"""
            [Interface]
            PrivateKey = {Convert.ToBase64String(exported)}
            Address = 10.9.0.2/24, fd09::2/64
            ListenPort = {StockPort}

            [Peer]
            PublicKey = {Node.Device.PublicKey}
            AllowedIPs = 10.9.0.1/32, fd09::1/128
            {(shared is null ? "" : $"PresharedKey = {Convert.ToBase64String(shared.Bytes)}")}
            {(stockKnowsUs ? $"Endpoint = {endpoint}:{OurPort}" : "")}
            """;
        WireGuardGo = _topology.Own(WireGuardGo.Start(Stock, $"kw{Environment.ProcessId % 100000}x{Interlocked.Increment(ref s_count)}", configuration, 1420));
        StockEndpoint = IpEndpoint.TryParse(outerIpv6 ? $"[fd00:1::2]:{StockPort}" : $"192.0.2.2:{StockPort}", out var parsed) ? parsed : default;
        Peer = Node.Do(device => device.AddPeer(new PeerOptions
        {
            PublicKey = stockKey.PublicKey,
            PresharedKey = shared,
            AllowedIps = [IpPrefix.Host(StockInner4), IpPrefix.Host(StockInner6)],
            Endpoint = stockKnowsUs ? null : StockEndpoint,
        }));
    }

    public NetworkNamespace Ours { get; }

    public NetworkNamespace Stock { get; }

    public SocketNode Node { get; }

    public WireGuardGo WireGuardGo { get; }

    public Peer Peer { get; }

    public IpEndpoint StockEndpoint { get; }

    /// <summary>Whether an ICMP echo from the stock node's kernel is answered.</summary>
    public bool PingFromStock(string address, int payload = 56, int milliseconds = 20_000) => Stock.Enter(() =>
    {
        using var ping = new Ping();
        return ping.Send(address, milliseconds, new byte[payload]).Status == IPStatus.Success;
    });

    /// <summary>Whether a UDP payload from the stock node comes back to it.</summary>
    public bool EchoFromStock(string address) => Stock.Enter(() =>
    {
        var destination = new IPEndPoint(IPAddress.Parse(address), SocketNode.EchoPort);
        using var socket = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        byte[] payload = "through the tunnel"u8.ToArray();
        socket.SendTo(payload, destination);
        byte[] received = new byte[2048];
        return received.AsSpan(0, socket.Receive(received)).SequenceEqual(payload);
    });

    /// <summary>An echo request of ours to the stock node's kernel.</summary>
    public static byte[] EchoRequest(IpAddress from, IpAddress to, ushort sequence, int payload = 56)
    {
        byte[] packet = new byte[IpHeader.LengthFor(from) + IcmpMessage.HeaderLength + payload];
        int header = IpHeader.Write(packet, from, to, from.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, packet.Length - IpHeader.LengthFor(from));
        IcmpMessage.WriteEchoRequest(packet.AsSpan(header), from, to, 0x6B68, sequence);
        return packet;
    }

    /// <summary>The sequence number of an echo reply, or -1.</summary>
    public static int EchoReplySequence(byte[] packet)
    {
        if (!IpView.TryParse(packet, out var ip))
            return -1;
        if (ip.Version == 4)
            return IcmpView.TryParse(ip.Payload, out var icmp) && icmp.IsEchoReply && icmp.IsChecksumValid ? icmp.SequenceNumber : -1;
        return Icmpv6View.TryParse(ip.Payload, out var icmpv6) && icmpv6.IsEchoReply && icmpv6.IsChecksumValid(ip.Source, ip.Destination) ? icmpv6.SequenceNumber : -1;
    }

    public void Dispose() => _topology.Dispose();
}
