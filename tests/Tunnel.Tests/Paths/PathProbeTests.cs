using Keyhole.Contracts;
using Keyhole.Tunnel.Tests.Relay;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>One address: when it is pinged, when it is proven, when it is dead.</summary>
public class PathProbeTests
{
    private const long Millisecond = 1_000;

    [Fact]
    public void An_address_that_never_answers_gets_five_pings()
    {
        var probe = Probe(isDiscovered: false);
        Assert.Equal([0, 100, 300, 700, 1500], Pings(probe, 0, 10_000));
        Assert.Equal(PathStep.Failed, probe.Next(10_000 * Millisecond));
    }

    [Fact]
    public void An_address_that_was_found_by_a_ping_gets_five_pings_in_half_a_minute()
    {
        var probe = Probe(isDiscovered: true);
        Assert.Equal(5, Pings(probe, 0, 30_000).Count);
        Assert.Equal(PathStep.Failed, probe.Next(40_000 * Millisecond));
    }

    [Fact]
    public void Only_a_pong_to_one_of_its_last_pings_proves_a_path()
    {
        var probe = Probe(isDiscovered: false);
        Assert.False(probe.Answered(probe.Nonce, 0));
        probe.Next(0);
        ulong first = probe.Nonce;
        Assert.False(probe.Answered(first + 1, 1));
        Assert.False(probe.Answered(first - 1, 1));
        Assert.False(probe.IsProven);
        Assert.True(probe.Answered(first, 20 * Millisecond));
        Assert.True(probe.IsProven);
        Assert.Equal(20 * Millisecond, probe.RoundTrip);
        Assert.False(probe.Answered(first, 21 * Millisecond));
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void A_path_under_traffic_is_dead_after_four_pings_within_six_tenths_of_a_second()
    {
        var probe = Proven(isJudge: true);
        probe.Use(true, 20 * Millisecond);
        probe.DataMoved(1000, 20 * Millisecond);
        Assert.InRange(DiesAt(probe, 20), 300, 600);
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void An_idle_path_is_dead_within_five_seconds()
    {
        var probe = Proven(isJudge: true);
        probe.Use(true, 20 * Millisecond);
        Assert.InRange(DiesAt(probe, 20), 2_000, 5_000);
    }

    [Fact]
    public void Other_datagrams_excuse_missing_pongs_for_a_while()
    {
        var probe = Proven(isJudge: true);
        probe.Use(true, 20 * Millisecond);
        for (long at = 20; at < 10_000; at++)
        {
            probe.DataMoved(1000, at * Millisecond);
            probe.Heard(at * Millisecond);
            if (probe.Next(at * Millisecond) != PathStep.Failed)
                continue;
            Assert.InRange(at, 1_000, 1_500);
            return;
        }

        Assert.Fail("It never died.");
    }

    [Fact]
    public void A_late_pong_counts()
    {
        var probe = Proven(isJudge: true);
        probe.Use(true, 20 * Millisecond);
        for (long at = 20; at < 5_000; at++)
        {
            probe.DataMoved(1000, at * Millisecond);
            if (probe.Next(at * Millisecond) == PathStep.Ping && probe.Misses == 3)
                Assert.True(probe.Answered(probe.Nonce - 2, at * Millisecond));
            Assert.True(probe.IsProven);
        }
    }

    [Fact]
    public void The_listener_does_not_ping_and_gives_up_a_path_in_silence()
    {
        var probe = Proven(isJudge: false);
        probe.Use(true, 20 * Millisecond);
        Assert.Empty(Pings(probe, 20, 4_900));
        probe.Heard(4_900 * Millisecond);
        Assert.Empty(Pings(probe, 4_900, 9_800));
        Assert.Equal(PathStep.Failed, probe.Next(9_900 * Millisecond));
    }

    [Fact]
    public void Alike_paths_do_not_take_turns()
    {
        var set = new PathSet(isJudge: true, InnerMtu.Smallest);
        set.Introduce(RelayWorld.End("192.0.2.1:1024"), PathKind.Direct, 1, 0);
        set.Introduce(RelayWorld.End("192.0.2.2:1024"), PathKind.Direct, 1, 0);
        set.Introduce(RelayWorld.End("10.0.0.2:1024"), PathKind.Local, 1, 0);
        var (slow, fast, local) = (Answer(set, "192.0.2.1:1024", 40), Answer(set, "192.0.2.2:1024", 38), Answer(set, "10.0.0.2:1024", 60));
        Assert.True(set.Prefers(slow, relayed: 0, 0));
        Assert.True(set.Prefers(slow, relayed: 20 * Millisecond, 0));
        Assert.False(set.Prefers(slow, relayed: 10 * Millisecond, 0));
        Assert.True(set.Prefers(local, relayed: 1, 0));
        set.Use(slow, 0);
        Assert.False(set.Prefers(fast, 0, 20_000 * Millisecond));
        Assert.True(set.Prefers(local, 0, 0));
        set.Use(local, 0);
        Assert.False(set.Prefers(fast, 0, 20_000 * Millisecond));
    }

    /// <summary>Over IPv4 somebody cuts what is too long; over IPv6 nobody does.</summary>
    [Theory]
    [InlineData("192.0.2.1:1024", true)]
    [InlineData("[2001:db8::1]:1024", false)]
    public void A_path_that_loses_full_packets_is_not_used(string endpoint, bool isUsed)
    {
        var set = new PathSet(isJudge: true, InnerMtu.Largest);
        set.Introduce(RelayWorld.End(endpoint), PathKind.Direct, 1, 0);
        var probe = Answer(set, endpoint, 20);
        Assert.False(set.Prefers(probe, relayed: 0, 0));
        Assert.Null(set.TakeDecided());
        probe.Search.Start(1, 20 * Millisecond, 0);
        for (long at = 0; probe.Search.Deadline != long.MaxValue; at++)
        {
            // What is short arrives.
            if (set.TakeMtuDue(at * Millisecond, out int asked) is not null && asked == SessionPing.Length)
                probe.Search.Answered(probe.Search.Nonce, asked, at * Millisecond);
        }

        Assert.Equal(isUsed, set.Prefers(probe, relayed: 0, 0));
        Assert.Equal(isUsed, set.TakeDecided() == probe);
        Assert.NotEqual(isUsed, probe.IsTooNarrow);
        probe.Search.Start(100, 20 * Millisecond, 10_000 * Millisecond);
        Assert.Equal(probe, set.TakeMtuDue(10_000 * Millisecond, out int length));
        Assert.True(probe.Search.Answered(probe.Search.Nonce, length, 10_020 * Millisecond));
        Assert.True(set.Prefers(probe, relayed: 0, 0));
        Assert.Null(set.TakeMtuDue(10_030 * Millisecond, out _));
    }

    [Fact]
    [Trait("Threat", "12")]
    public void Introductions_and_discoveries_are_bounded()
    {
        var set = new PathSet(isJudge: true, InnerMtu.Smallest);
        for (ushort port = 2000; port < 2100; port++)
        {
            set.Introduce(RelayWorld.End($"192.0.2.1:{port}"), PathKind.Direct, 1, 0);
            set.Discover(RelayWorld.End($"192.0.2.2:{port}"), PathKind.Direct, 1, 0);
        }

        int pings = 0;
        for (long at = 0; at < 20_000; at++)
        {
            while (set.TakeDue(at * Millisecond, out var step) is not null)
                pings += step == PathStep.Ping ? 1 : 0;
        }

        Assert.Equal(5 * (PathSet.MaximumCandidates + PathSet.MaximumDiscovered), pings);
    }

    [Fact]
    public void Introductions_are_asked_for_less_and_less_and_only_while_data_moves()
    {
        var schedule = new IntroductionSchedule();
        schedule.Start(0);
        Assert.Equal([0, 1, 3, 7, 15, 31, 61], Asks(isBusy: false));
        schedule.Start(0);
        Assert.Equal([0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211, 241, 271], Asks(isBusy: true));

        List<long> Asks(bool isBusy)
        {
            var asked = new List<long>();
            for (long second = 0; second < 300; second++)
            {
                if (isBusy)
                    schedule.DataMoved(second * 1000 * Millisecond);
                if (second * 1000 * Millisecond < schedule.Deadline)
                    continue;
                asked.Add(second);
                schedule.Asked(second * 1000 * Millisecond);
            }

            return asked;
        }
    }

    private static PathProbe Answer(PathSet set, string endpoint, long roundTrip)
    {
        var probe = set.Find(RelayWorld.End(endpoint))!;
        probe.Next(0);
        Assert.True(probe.Answered(probe.Nonce, roundTrip * Millisecond));
        return probe;
    }

    private static PathProbe Probe(bool isDiscovered, bool isJudge = true) =>
        new(RelayWorld.End("192.0.2.1:6000"), PathKind.Direct, isDiscovered, isJudge, InnerMtu.Largest, ulong.MaxValue - 2, 0);

    private static PathProbe Proven(bool isJudge)
    {
        var probe = Probe(isDiscovered: false, isJudge);
        probe.Next(0);
        Assert.True(probe.Answered(probe.Nonce, 20 * Millisecond));
        return probe;
    }

    /// <summary>When pings go out, in milliseconds.</summary>
    private static List<long> Pings(PathProbe probe, long from, long to)
    {
        var pings = new List<long>();
        for (long at = from; at < to; at++)
        {
            var step = probe.Next(at * Millisecond);
            if (step == PathStep.Failed)
                return pings;
            if (step == PathStep.Ping)
                pings.Add(at);
        }

        return pings;
    }

    private static long DiesAt(PathProbe probe, long from)
    {
        for (long at = from; at < 20_000; at++)
        {
            if (probe.Next(at * Millisecond) == PathStep.Failed)
                return at - from;
        }

        return long.MaxValue;
    }
}
