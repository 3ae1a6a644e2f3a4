using System.Diagnostics;
using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

[Trait("Threat", "15")]
public class InteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [LabFact("wireguard-go", "wg")]
    public void Stock_initiates_over_IPv4_and_both_inner_families_pass() => StockInitiates(outerIpv6: false);

    [LabFact("wireguard-go", "wg")]
    public void Stock_initiates_over_IPv6_and_both_inner_families_pass() => StockInitiates(outerIpv6: true);

    [LabFact("wireguard-go", "wg")]
    public void We_initiate_over_IPv4_and_both_inner_families_pass() => WeInitiate(outerIpv6: false);

    [LabFact("wireguard-go", "wg")]
    public void We_initiate_over_IPv6_and_both_inner_families_pass() => WeInitiate(outerIpv6: true);

    [LabFact("wireguard-go", "wg")]
    public void Handshakes_pass_without_a_preshared_key()
    {
        using var lab = new StockPeer(presharedKey: false);
        Assert.True(lab.PingFromStock("10.9.0.1"));
    }

    [LabFact("wireguard-go", "wg")]
    public void Keys_rotate_under_load_without_losing_a_packet()
    {
        using var lab = new StockPeer(stockKnowsUs: false, schedule: TimerSchedule.Keyhole with { RekeyAfterTime = 500_000 });
        Ping(lab, StockPeer.OurInner4, StockPeer.StockInner4, 0);
        var waiting = new HashSet<int>();
        var clock = Stopwatch.StartNew();
        // A window keeps queues short, so that a lost packet is the rotation's fault.
        for (ushort sequence = 1; clock.Elapsed < TimeSpan.FromSeconds(3); sequence++)
        {
            waiting.Add(sequence);
            Assert.Equal(SealKind.Sealed, lab.Node.SendPacket(lab.Peer, StockPeer.EchoRequest(StockPeer.OurInner4, StockPeer.StockInner4, sequence, 1000)));
            while (waiting.Count >= 32)
                TakeReply();
        }

        while (waiting.Count > 0)
            TakeReply();
        Assert.True(lab.Node.SessionCount >= 4, $"only {lab.Node.SessionCount} sessions in {clock.Elapsed.TotalSeconds:F1} s");
        foreach (var reason in Enum.GetValues<DropReason>())
            Assert.Equal((reason, 0), (reason, lab.Node.Do(device => device.DropCount(reason))));

        void TakeReply()
        {
            byte[]? packet = lab.Node.TakePacket(Patience);
            Assert.True(packet is not null, $"{waiting.Count} packets were lost");
            waiting.Remove(StockPeer.EchoReplySequence(packet));
        }
    }

    [LabFact("wireguard-go", "wg")]
    public void Stock_follows_us_when_we_roam()
    {
        using var lab = new StockPeer();
        Assert.True(lab.PingFromStock("10.9.0.1"));
        lab.Node.MoveTo(33333);
        Ping(lab, StockPeer.OurInner4, StockPeer.StockInner4, 1);
        Assert.Contains("192.0.2.1:33333", lab.WireGuardGo.Show("endpoints"), StringComparison.Ordinal);
        Assert.True(lab.PingFromStock("fd09::1"));
    }

    [LabFact("wireguard-go", "wg")]
    public void We_follow_stock_when_it_roams()
    {
        using var lab = new StockPeer();
        Assert.True(lab.PingFromStock("10.9.0.1"));
        Assert.Equal(lab.StockEndpoint, lab.Node.Do(_ => lab.Peer.Endpoint));
        lab.Stock.Run("wg", "set", lab.WireGuardGo.Interface, "listen-port", "44444");
        Assert.True(lab.PingFromStock("fd09::1"));
        Assert.Equal(lab.StockEndpoint with { Port = 44444 }, lab.Node.Do(_ => lab.Peer.Endpoint));
        Ping(lab, StockPeer.OurInner6, StockPeer.StockInner6, 2);
    }

    private static void StockInitiates(bool outerIpv6)
    {
        using var lab = new StockPeer(outerIpv6);
        Assert.True(lab.PingFromStock("10.9.0.1"));
        Assert.True(lab.PingFromStock("fd09::1"));
        // 1372 + 8 + 40 bytes fill the MTU of 1420: no padding may be added.
        Assert.True(lab.PingFromStock("fd09::1", payload: 1372));
        Assert.True(lab.EchoFromStock("10.9.0.1"));
        Assert.True(lab.EchoFromStock("fd09::1"));
        Assert.Equal(5, lab.Node.EchoedCount);
        Assert.Equal([MessageType.HandshakeInitiation], lab.Node.Do(_ => lab.Node.Handshakes.ToArray()));
        Assert.Equal(outerIpv6, !lab.Node.Do(_ => lab.Peer.Endpoint!.Value.Address.IsIpv4));
    }

    private static void WeInitiate(bool outerIpv6)
    {
        using var lab = new StockPeer(outerIpv6, stockKnowsUs: false);
        Ping(lab, StockPeer.OurInner4, StockPeer.StockInner4, 1);
        Ping(lab, StockPeer.OurInner6, StockPeer.StockInner6, 2);
        Ping(lab, StockPeer.OurInner6, StockPeer.StockInner6, 3, 1372);
        Assert.Equal([MessageType.HandshakeResponse], lab.Node.Do(_ => lab.Node.Handshakes.ToArray()));
    }

    internal static void Ping(StockPeer lab, IpAddress from, IpAddress to, ushort sequence, int payload = 56)
    {
        lab.Node.SendPacket(lab.Peer, StockPeer.EchoRequest(from, to, sequence, payload));
        while (lab.Node.TakePacket(Patience) is { } packet)
            if (StockPeer.EchoReplySequence(packet) == sequence)
                return;
        Assert.Fail($"No echo reply {sequence} from {to} within {Patience.TotalSeconds} s.\n{lab.WireGuardGo.Process.Tail(20)}");
    }
}
