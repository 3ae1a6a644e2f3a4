using System.Net.NetworkInformation;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>left 10.3.0.1 == emulated cable == 10.3.0.2 right</summary>
public class LinkEmulatorTests
{
    private static readonly byte[] Packet = new byte[1000];

    [LabFact]
    public void The_cable_delays_both_ways()
    {
        using var topology = new Topology();
        var (left, right) = (topology.Host("left"), topology.Host("right"));
        topology.Own(LinkEmulator.Lay(left, "tm0", ["10.3.0.1/24"], right, "tm0", ["10.3.0.2/24"], new LinkConditions { Delay = 20_000 }));

        BestOfThree.Where(least => least is >= 40 and <= 80, "a round trip takes 40 ms and little more", () => left.Enter(() =>
        {
            using var ping = new Ping();
            return Enumerable.Range(0, 5).Select(_ => ping.Send("10.3.0.2", 10_000)).Where(reply => reply.Status == IPStatus.Success).Min(reply => (long?)reply.RoundtripTime);
        }));
    }

    [LabFact("iperf3")]
    public void The_bottleneck_limits_tcp()
    {
        using var topology = new Topology();
        var (left, right) = (topology.Host("left"), topology.Host("right"));
        var conditions = new LinkConditions { Delay = 2_000, BitsPerSecond = 50_000_000, QueueLimit = 100 };
        topology.Own(LinkEmulator.Lay(left, "tm0", ["10.3.0.1/24"], right, "tm0", ["10.3.0.2/24"], conditions));
        Iperf3.Serve(topology, right);

        BestOfThree.Where(run => run.BitsPerSecond is > 25e6 and < 52e6, "TCP fills the bottleneck", () => Iperf3.Run(left, "10.3.0.2", "-t", "2"));
    }

    [Fact]
    public void The_same_seed_gives_every_packet_the_same_fate()
    {
        var conditions = new LinkConditions { Loss = 0.1, Reorder = 0.1, ReorderDelay = 500, Duplicate = 0.05, Seed = 7 };

        Assert.Equal(Run(conditions), Run(conditions));
        Assert.NotEqual(Run(conditions), Run(conditions with { Seed = 8 }));
    }

    [Fact]
    public void Loss_and_duplication_happen_about_as_often_as_asked()
    {
        var queue = new LinkQueue(new LinkConditions { Loss = 0.2, Duplicate = 0.1, QueueLimit = int.MaxValue });
        for (int i = 0; i < 20_000; i++)
            queue.Enqueue(Packet, i);

        Assert.InRange(queue.Lost, 3_600, 4_400);
        Assert.InRange(queue.Duplicated, 1_400, 1_800);
    }

    [Fact]
    public void Without_reordering_the_order_is_kept()
    {
        var queue = new LinkQueue(new LinkConditions { Delay = 100, BitsPerSecond = 1_000_000_000 });
        for (byte i = 0; i < 200; i++)
            queue.Enqueue([i], i);

        for (byte i = 0; i < 200; i++)
        {
            Assert.True(queue.TryDequeue(long.MaxValue - 1, out var packet));
            Assert.Equal(i, packet[0]);
        }
    }

    [Fact]
    public void The_bottleneck_spaces_packets_and_the_queue_is_bounded()
    {
        var queue = new LinkQueue(new LinkConditions { BitsPerSecond = 8_000_000, QueueLimit = 3 });
        for (int i = 0; i < 5; i++)
            queue.Enqueue(Packet, 0);

        Assert.Equal(2, queue.Overflowed);
        Assert.Equal(1_000, queue.NextDeadline);
        Assert.False(queue.TryDequeue(999, out _));
        Assert.True(queue.TryDequeue(1_000, out _));
        Assert.Equal(2_000, queue.NextDeadline);
    }

    private static List<(byte, long)> Run(LinkConditions conditions)
    {
        var queue = new LinkQueue(conditions);
        var fates = new List<(byte, long)>();
        for (byte i = 0; i < 250; i++)
            queue.Enqueue([i], i * 100L);
        while (queue.NextDeadline is var at && at != long.MaxValue)
        {
            queue.TryDequeue(at, out var packet);
            fates.Add((packet[0], at));
        }

        return fates;
    }
}
