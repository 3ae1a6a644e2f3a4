using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>Two stock WireGuard nodes talk through the relay, which holds neither of their keys. Drawing: <see cref="StockPair"/>.</summary>
public class BlindForwardingTests(ITestOutputHelper output)
{
    private const long FewBytes = 1_000_000;

    /// <summary>With the smallest of objects for each, these would be many times what opening a flow and answering a status request may allocate.</summary>
    private const long ManyPackets = 50_000;

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Promise", "A1"), Trait("Promise", "A2"), Trait("Promise", "A10"), Trait("Threat", "4"), Trait("Threat", "10")]
    public void Two_stock_nodes_reach_each_other_through_the_relay_and_a_node_without_a_grant_reaches_nobody()
    {
        using var pair = new StockPair();
        output.WriteLine($"near reached far after {pair.UntilConnected().TotalMilliseconds:F0} ms");
        Pings.AllAnswered(pair.World.Phone, StockPair.FarAddress, count: 10, interval: 0.05);
        Pings.AllAnswered(pair.World.Office, StockPair.NearAddress, count: 10, interval: 0.05);

        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        long before = pair.BlindBytes;
        var up = BestOfThree.Where(run => run.BitsPerSecond > 10e6, "TCP passes up", () => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1"));
        var down = BestOfThree.Where(run => run.BitsPerSecond > 10e6, "TCP passes down", () => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "-R"));

        // On a machine with other work datagrams are lost before and after the relay, too.
        var udp = BestOfThree.Where(run => run.LostPercent < 1, "UDP passes", () => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "-u", "-b", "20M", "-l", "1200"));
        output.WriteLine($"TCP up {up.BitsPerSecond / 1e6:F0} Mbit/s, down {down.BitsPerSecond / 1e6:F0} Mbit/s, UDP {udp.BitsPerSecond / 1e6:F0} Mbit/s with {udp.LostPercent:F2} % lost");
        Assert.True(pair.BlindBytes - before > up.Bytes + down.Bytes + udp.Bytes, "the bytes went through the relay, unseen");

        // What a router on the way marks as congested reaches the receiver with its mark.
        Firewall.Count(pair.World.OfficeRouter, "marked", $"ip saddr {World.RelayAddress} udp sport 21820 ip ecn ce");
        Assert.Equal(0, Firewall.Counted(pair.World.OfficeRouter, "marked"));
        Firewall.MarkCongestion(pair.World.HomeRouter, "udp dport 21820");
        pair.Network.Until("near reaches far", () => StockPair.Answers(pair.World.Phone, StockPair.FarAddress));
        Assert.True(Firewall.Counted(pair.World.OfficeRouter, "marked") > 0);

        using var third = pair.StartThird();
        Assert.False(StockPair.Answers(pair.World.Tablet, StockPair.FarAddress));
        Assert.False(StockPair.Answers(pair.World.Office, StockPair.ThirdAddress));
        Assert.Equal(0, StockPair.LastHandshake(pair.Far, pair.ThirdKey));
        Assert.Equal(0, StockPair.Received(pair.Far, pair.ThirdKey));
        Assert.Equal(0, StockPair.Received(third, pair.FarKey));
        pair.Network.Apply(pair.Describe(near: true, third: true));
        pair.Network.Until("a grant for the branch is enough, for the branch", () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Assert.False(StockPair.Answers(pair.World.Tablet, StockPair.FarAddress));
        Assert.Equal(0, StockPair.Received(pair.Far, pair.ThirdKey));
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    public void The_session_goes_on_when_a_node_moves_to_another_address()
    {
        using var pair = new StockPair();
        pair.UntilConnected();
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);

        // A session that grows two minutes old, or hears nothing for fifteen seconds, makes a handshake wherever the node is.
        BestOfThree.Where(handshakes => handshakes == 0, "no handshake", () =>
        {
            pair.UntilConnectedAnew();
            pair.Network.UntilEchoed("the pulse answers", pulse);
            pulse.Reset();
            var (handshake, old) = (StockPair.LastHandshake(pair.Near, pair.FarKey), pair.AddressOf(pair.NearKey));
            Firewall.Remap(pair.World.HomeRouter, "out0");
            pair.Network.Until("the relay holds another address", () => pair.AddressOf(pair.NearKey) is { } address && address != old);
            pair.Network.UntilEchoed("the session goes on", pulse);
            output.WriteLine($"moved from {old} to {pair.AddressOf(pair.NearKey)}: {pulse.Report()}");
            return StockPair.LastHandshake(pair.Near, pair.FarKey) - handshake;
        });
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Promise", "A2"), Trait("Threat", "13")]
    public void Taking_the_grant_away_stops_a_session_within_a_second()
    {
        using var pair = new StockPair();
        pair.UntilConnected();
        var time = Revocation.InForceWithinASecond(
            pair.Network, "the grant is taken away", () => new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort),
            () => pair.Network.Apply(pair.Describe(near: false, third: false)),
            () => pair.Network.Apply(pair.Describe(near: true, third: false)));
        output.WriteLine($"in force after {time.TotalMilliseconds:F0} ms");
        Assert.False(StockPair.Answers(pair.World.Phone, StockPair.FarAddress));

        // far would like to go on, and has a key that works.
        Assert.False(StockPair.Answers(pair.World.Office, StockPair.NearAddress));
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    public void A_killed_relay_comes_back_and_the_session_goes_on_without_a_handshake()
    {
        using var pair = new StockPair();
        pair.UntilConnected();
        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);

        // The gap holds the start of the program, too. A session that grows two minutes old meanwhile makes a handshake anyway.
        BestOfThree.Where(seen => seen.Gap < TimeSpan.FromSeconds(1) && seen.Handshakes == 0, "a gap of less than a second, and no handshake", () =>
        {
            pair.UntilConnectedAnew();
            var (near, far) = (StockPair.LastHandshake(pair.Near, pair.FarKey), StockPair.LastHandshake(pair.Far, pair.NearKey));
            long before = pair.BlindBytes;
            var flow = Task.Run(() => Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "4", "-b", "100M"));
            pair.Network.Until("the transfer is under way", () => flow.IsCompleted || pair.BlindBytes - before > FewBytes);
            pair.Network.UntilEchoed("the pulse answers", pulse);
            pulse.Reset();
            pair.Network.Relay.Kill();
            pair.Network.RestartRelay();
            pair.Network.UntilEchoed("the session goes on", pulse);
            var gap = pulse.Report().LongestGap;
            var result = flow.GetAwaiter().GetResult();
            output.WriteLine($"{pulse.Report()}; iperf3 {result.BitsPerSecond / 1e6:F0} Mbit/s over the restart");

            // The new program counts from 0: this is what it carried of the transfer that the old one began.
            Assert.True(pair.BlindBytes > FewBytes, $"{pair.BlindBytes} bytes after the restart");
            return (Gap: gap, Handshakes: StockPair.LastHandshake(pair.Near, pair.FarKey) - near + StockPair.LastHandshake(pair.Far, pair.NearKey) - far);
        });
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Promise", "A10")]
    public void Two_threads_over_IPv6_forward_in_order_and_allocate_nothing_per_packet()
    {
        using var pair = new StockPair(ipv6: true, environment: new() { ["KEYHOLE_THREADS"] = "2" });
        pair.UntilConnected();
        Assert.Contains("[2001:db8:5:", pair.AddressOf(pair.NearKey), StringComparison.Ordinal);
        Iperf3.Serve(pair.World.Topology, pair.World.Office);
        Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "1", "--bidir");
        var before = pair.Status;
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort, milliseconds: 1);
        do
            Iperf3.Run(pair.World.Phone, StockPair.FarAddress, "-t", "2", "--bidir");
        while (Blind(pair.Status) - Blind(before) < ManyPackets);
        var (report, after) = (pulse.Report(), pair.Status);
        long packets = Blind(after) - Blind(before), bytes = Allocated(after) - Allocated(before);
        output.WriteLine($"{packets} packets, {bytes} bytes allocated; {report}");
        Assert.Equal(2, after.GetProperty("dataPath").GetProperty("threads").GetArrayLength());
        Assert.True(bytes < 64 * 1024 + packets / 100, $"{bytes} bytes allocated over {packets} packets");
        Assert.Equal(0, report.Reordered);
    }

    private static long Blind(JsonElement status) => status.GetProperty("blind").GetProperty("packets").GetInt64();

    private static long Allocated(JsonElement status) => status.GetProperty("dataPath").GetProperty("allocatedBytes").GetInt64();
}
