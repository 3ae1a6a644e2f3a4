using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>Two stock WireGuard nodes talk through the relay, which holds neither of their keys. Drawing: <see cref="StockPair"/>.</summary>
public class BlindForwardingTests(ITestOutputHelper output)
{
    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "A10"), Trait("Threat", "4"), Trait("Threat", "10")]
    public void Two_stock_nodes_reach_each_other_through_the_relay_and_a_node_without_a_grant_reaches_nobody()
    {
        using var pair = new StockPair();
        output.WriteLine($"near reached far after {pair.UntilConnected(TimeSpan.FromSeconds(10)).TotalMilliseconds:F0} ms");
        Assert.Contains(" 0% packet loss", pair.World.Phone.Run("ping", "-c", "10", "-i", "0.05", "-W", "2", StockPair.FarAddress), StringComparison.Ordinal);
        Assert.Contains(" 0% packet loss", pair.World.Office.Run("ping", "-c", "10", "-i", "0.05", "-W", "2", StockPair.NearAddress), StringComparison.Ordinal);

        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        long before = pair.BlindBytes;
        var up = Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1");
        var down = Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "-R");

        // The best of three: on a machine with other work datagrams are lost before and after the relay, too.
        var udp = Enumerable.Range(0, 3).Select(_ => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "-u", "-b", "50M", "-l", "1200")).MinBy(run => run.LostPercent)!;
        output.WriteLine($"TCP up {up.BitsPerSecond / 1e6:F0} Mbit/s, down {down.BitsPerSecond / 1e6:F0} Mbit/s, UDP {udp.BitsPerSecond / 1e6:F0} Mbit/s with {udp.LostPercent:F2} % lost");
        Assert.True(up.BitsPerSecond > 10e6 && down.BitsPerSecond > 10e6 && udp.LostPercent < 1);
        Assert.True(pair.BlindBytes - before > up.Bytes + down.Bytes + udp.Bytes, "the bytes went through the relay, unseen");

        // What a router on the way marks as congested reaches the receiver with its mark.
        Firewall.Count(pair.World.OfficeRouter, "marked", $"ip saddr {World.RelayAddress} udp sport 21820 ip ecn ce");
        Assert.Equal(0, Firewall.Counted(pair.World.OfficeRouter, "marked"));
        Firewall.MarkCongestion(pair.World.HomeRouter, "udp dport 21820");
        Assert.True(StockPair.Answers(pair.World.Phone, StockPair.FarAddress));
        Assert.True(Firewall.Counted(pair.World.OfficeRouter, "marked") > 0);

        using var third = pair.StartThird();
        Assert.False(StockPair.Answers(pair.World.Tablet, StockPair.FarAddress));
        Assert.False(StockPair.Answers(pair.World.Office, StockPair.ThirdAddress));
        Assert.Equal(0, StockPair.LastHandshake(pair.Far, pair.ThirdKey));
        Assert.Equal(0, StockPair.Received(pair.Far, pair.ThirdKey));
        Assert.Equal(0, StockPair.Received(third, pair.FarKey));
        pair.Network.Apply(pair.Describe(near: true, third: true));
        pair.Network.Until("a grant for the branch is enough, for the branch", TimeSpan.FromSeconds(15), () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Assert.False(StockPair.Answers(pair.World.Tablet, StockPair.FarAddress));
        Assert.Equal(0, StockPair.Received(pair.Far, pair.ThirdKey));
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    public void The_session_goes_on_when_a_node_moves_to_another_address()
    {
        using var pair = new StockPair();
        pair.UntilConnected(TimeSpan.FromSeconds(10));
        long handshake = StockPair.LastHandshake(pair.Near, pair.FarKey);
        string? old = pair.AddressOf(pair.NearKey);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        pair.Network.Until("the pulse answers", TimeSpan.FromSeconds(10), () => pulse.Age < TimeSpan.FromMilliseconds(100));
        Firewall.Remap(pair.World.HomeRouter, "out0");
        pair.Network.Until("the relay holds another address", TimeSpan.FromSeconds(15), () => pair.AddressOf(pair.NearKey) is { } address && address != old);
        pair.Network.Until("the session goes on", TimeSpan.FromSeconds(5), () => pulse.Age < TimeSpan.FromMilliseconds(100));
        output.WriteLine($"moved from {old} to {pair.AddressOf(pair.NearKey)}: {pulse.Report()}");
        Assert.Equal(handshake, StockPair.LastHandshake(pair.Near, pair.FarKey));
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Promise", "A2"), Trait("Threat", "13")]
    public void Taking_the_grant_away_stops_a_session_within_a_second()
    {
        using var pair = new StockPair();
        pair.UntilConnected(TimeSpan.FromSeconds(10));
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        pair.Network.Until("the pulse answers", TimeSpan.FromSeconds(10), () => pulse.Age < TimeSpan.FromMilliseconds(100));
        var before = DateTime.UtcNow;
        pair.Network.Apply(pair.Describe(near: false, third: false));
        Thread.Sleep(1200);
        var last = DateTime.UtcNow - pulse.Age;
        output.WriteLine($"the last echo came {(last - before).TotalMilliseconds:F0} ms after the apply began");
        Assert.True(last - before < TimeSpan.FromSeconds(1), $"{(last - before).TotalMilliseconds:F0} ms");
        Assert.True(pulse.Age > TimeSpan.FromMilliseconds(200));
        Assert.False(StockPair.Answers(pair.World.Phone, StockPair.FarAddress));

        // far would like to go on, and has a key that works.
        Assert.False(StockPair.Answers(pair.World.Office, StockPair.NearAddress));
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    public void A_killed_relay_comes_back_and_the_session_goes_on_without_a_handshake()
    {
        using var pair = new StockPair();
        pair.UntilConnected(TimeSpan.FromSeconds(10));
        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        var (near, far) = (StockPair.LastHandshake(pair.Near, pair.FarKey), StockPair.LastHandshake(pair.Far, pair.NearKey));
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        var flow = Task.Run(() => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "6", "-b", "100M"));
        Thread.Sleep(1500);
        pulse.Reset();
        pair.Network.Relay.Kill();
        pair.Network.RestartRelay();
        var result = flow.GetAwaiter().GetResult();
        var report = pulse.Report();
        output.WriteLine($"{report}; iperf3 {result.BitsPerSecond / 1e6:F0} Mbit/s over the restart");
        Assert.Equal((near, far), (StockPair.LastHandshake(pair.Near, pair.FarKey), StockPair.LastHandshake(pair.Far, pair.NearKey)));
        Assert.True(report.LongestGap < TimeSpan.FromSeconds(1), $"{report}");
        Assert.True(result.Bytes > 10_000_000, $"{result}");
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Promise", "A10")]
    public void Two_threads_over_IPv6_forward_in_order_and_allocate_nothing_per_packet()
    {
        using var pair = new StockPair(ipv6: true, environment: new() { ["KEYHOLE_THREADS"] = "2" });
        pair.UntilConnected(TimeSpan.FromSeconds(10));
        Assert.Contains("[2001:db8:5:", pair.AddressOf(pair.NearKey), StringComparison.Ordinal);
        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "--bidir");
        var before = pair.Status;
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort, milliseconds: 1);
        Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "4", "--bidir");
        var (report, after) = (pulse.Report(), pair.Status);
        long packets = Blind(after) - Blind(before), bytes = Allocated(after) - Allocated(before);
        output.WriteLine($"{packets} packets, {bytes} bytes allocated; {report}");
        Assert.Equal(2, after.GetProperty("dataPath").GetProperty("threads").GetArrayLength());
        Assert.True(packets > 100_000, $"only {packets} packets");
        Assert.True(bytes < 64 * 1024, $"{bytes} bytes allocated over {packets} packets");
        Assert.Equal(0, report.Reordered);
    }

    private static long Blind(JsonElement status) => status.GetProperty("blind").GetProperty("packets").GetInt64();

    private static long Allocated(JsonElement status) => status.GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64();
}
