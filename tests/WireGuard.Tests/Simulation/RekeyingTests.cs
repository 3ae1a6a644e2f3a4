using System.Reflection;
using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

public class RekeyingTests(ITestOutputHelper output)
{
    private const long Hour = 3600 * World.Second;

    private static readonly int Rounds = Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? 200 : 12;

    public static TheoryData<string> Schedules => ["paper", "keyhole"];

    [Theory]
    [MemberData(nameof(Schedules))]
    [Trait("Threat", "14")]
    public void Six_hours_on_a_perfect_network_lose_nothing(string schedule)
    {
        using var world = new World(Seed.Take(output), Of(schedule));
        world.Run(6 * Hour, World.Second / 2);
        world.Run(World.Second, 10 * World.Second);
        Assert.InRange(world.SentCount - world.OpenedCount, 0, 4);
        // Both sides count a session, and one is made about every 120 s; with stock timers two, when both sides were initiators and renew at once.
        Assert.InRange(world.SessionCount, 2 * 170, (schedule == "paper" ? 4 : 2) * 190);
        Assert.Equal(0, world.GaveUpCount);
        foreach (var reason in Enum.GetValues<DropReason>())
            Assert.True(reason == DropReason.InitiationCrossed || world.Pair.A.Device.DropCount(reason) + world.Pair.B.Device.DropCount(reason) == 0, $"{reason}");
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    [Trait("Threat", "14")]
    public void Six_hours_of_loss_duplication_and_reordering_go_on_and_let_no_packet_through_twice(string schedule)
    {
        using var world = new World(Seed.Take(output), Of(schedule)) { Loss = 0.2, Duplication = 0.1, Jitter = 300_000 };
        world.Run(6 * Hour, World.Second / 2);
        double share = (double)world.OpenedCount / world.SentCount;
        output.WriteLine($"{world.OpenedCount} of {world.SentCount} ({share:P1}), {world.SessionCount} sessions, longest gap {world.LongestGap / 1e6:F1} s");
        Assert.InRange(share, 0.78, 0.83);
        Assert.True(world.SessionCount >= 2 * 150, $"{world.SessionCount} sessions");
        Assert.True(world.LongestGap < 30 * World.Second, $"a gap of {world.LongestGap / 1e6:F1} s");
        Assert.Equal(0, world.GaveUpCount);
        foreach (var reason in new[] { DropReason.Unauthentic, DropReason.Malformed, DropReason.Mac1, DropReason.CounterExhausted, DropReason.InnerMalformed, DropReason.SourceNotAllowed, DropReason.NoIndex })
            Assert.Equal(0, world.Pair.A.Device.DropCount(reason) + world.Pair.B.Device.DropCount(reason));
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void After_every_blackout_packets_flow_again(string schedule)
    {
        int seed = Seed.Take(output);
        var random = new Random(seed);
        using var world = new World(seed, Of(schedule)) { Jitter = 50_000 };
        for (int round = 0; round < Rounds; round++)
        {
            world.IsCut = true;
            world.Run(random.NextInt64(20 * 60) * World.Second, World.Second);
            world.IsCut = false;
            long opened = world.OpenedCount;
            // A retry is at most REKEY_TIMEOUT and its jitter away.
            world.Run(11 * World.Second, World.Second);
            Assert.True(world.OpenedCount > opened, $"round {round}: nothing came through at {world.Now / World.Second} s");
            world.Run(random.NextInt64(300) * World.Second, World.Second);
        }
    }

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Sessions_survive_with_keys_that_rotate_every_second(string schedule)
    {
        using var world = new World(Seed.Take(output), Of(schedule) with { RekeyAfterTime = World.Second, RetryTimeouts = [World.Second / 2] }) { Loss = 0.05, Duplication = 0.05, Jitter = 100_000 };
        world.Run(Hour / 4, World.Second / 10);
        double share = (double)world.OpenedCount / world.SentCount;
        Assert.InRange(share, 0.93, 0.97);
        Assert.True(world.SessionCount > 2 * 400, $"{world.SessionCount} sessions");
    }

    /// <summary>A device whose replay window forgets is found out, and so is a network that carries nothing.</summary>
    [Fact]
    public void The_simulation_finds_what_it_looks_for()
    {
        int seed = Seed.Take(output);
        var ring = typeof(ReplayWindow).GetField("_ring", BindingFlags.Instance | BindingFlags.NonPublic)!;
        using (var forgetful = new World(seed, TimerSchedule.Paper) { Duplication = 0.5 })
        {
            forgetful.Arrived = peer =>
            {
                foreach (var session in new[] { peer.Previous, peer.Current })
                    Array.Clear((ulong[])(session is null ? Array.Empty<ulong>() : ring.GetValue(session.Window)!));
            };
            Assert.Contains("came out twice", Assert.ThrowsAny<Exception>(() => forgetful.Run(10 * World.Second, World.Second / 10)).Message, StringComparison.Ordinal);
        }

        using var deaf = new World(seed, TimerSchedule.Paper) { Loss = 1 };
        deaf.Run(600 * World.Second, World.Second);
        Assert.Equal((0, 0), (deaf.OpenedCount, deaf.SessionCount));
        Assert.True(deaf.GaveUpCount >= 2);
    }

    private static TimerSchedule Of(string name) => name == "paper" ? TimerSchedule.Paper : TimerSchedule.Keyhole;
}
