namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>RTT, RACK and PRR by themselves.</summary>
public sealed class RecoveryTests
{
    private const int Mss = 1000;

    [Fact]
    [Trait("Pitfall", "P16")]
    public void The_timeout_follows_rfc_6298_within_the_bounds_of_linux()
    {
        var rtt = default(RttEstimator);
        rtt.Reset();
        Assert.Equal(1_000_000, rtt.Rto(0, 200_000, 60_000_000));
        rtt.Add(100_000, 100_000, 0);
        Assert.Equal((100_000, 50_000), (rtt.Smoothed, rtt.Variation));
        Assert.Equal(300_000, rtt.Rto(0, 200_000, 60_000_000));
        rtt.Add(180_000, 180_000, 1);
        Assert.Equal((110_000, 57_500), (rtt.Smoothed, rtt.Variation));
        Assert.Equal(110_000 + (4 * 57_500), rtt.Rto(0, 200_000, 60_000_000));
        Assert.Equal(4 * (110_000 + (4 * 57_500)), rtt.Rto(2, 200_000, 60_000_000));
        Assert.Equal(60_000_000, rtt.Rto(60, 200_000, 60_000_000));
        Assert.Equal(100_000, rtt.Minimum);
    }

    [Fact]
    public void The_minimum_forgets_after_minutes()
    {
        var rtt = default(RttEstimator);
        rtt.Reset();
        rtt.Add(1_000, 1_000, 0);
        for (long now = 1_000_000; now < 310_000_000; now += 1_000_000)
            rtt.Add(50_000, 50_000, now);
        Assert.Equal(50_000, rtt.Minimum);
    }

    [Fact]
    [Trait("Pitfall", "P17")]
    public void What_was_sent_before_something_delivered_is_lost_after_the_reordering_window()
    {
        var (board, rack) = Flight(4, gap: 1_000);
        Sack(ref board, ref rack, 3, now: 20_000, minimumRtt: 16_000);

        // Sent at 0, 1000 and 2000; the fourth, sent at 3000, took 17,000.
        long window = rack.ReorderingWindow(16_000, 17_000, recovering: false, sackedCount: 1);
        Assert.Equal(4_000, window);
        long wait = rack.DetectLoss(ref board, window, now: 20_000);
        Assert.Equal(0, board.LostCount);
        Assert.Equal(2_000 + 17_000 + 4_000 - 20_000, wait);
        Assert.Equal(0, rack.DetectLoss(ref board, window, now: 23_000));
        Assert.Equal(3, board.LostCount);
    }

    [Fact]
    [Trait("Pitfall", "P17")]
    public void Three_sacked_segments_need_no_window_unless_reordering_was_seen()
    {
        var (board, rack) = Flight(5, gap: 0);
        for (int i = 2; i < 5; i++)
            Sack(ref board, ref rack, i, now: 10_000, minimumRtt: 10_000);
        Assert.Equal(0, rack.ReorderingWindow(10_000, 10_000, recovering: false, sackedCount: 3));
        Assert.Equal(0, rack.DetectLoss(ref board, 0, 10_000));
        Assert.Equal(2, board.LostCount);

        Sack(ref board, ref rack, 1, now: 10_500, minimumRtt: 10_000);
        Assert.True(rack.ReorderingSeen);
        Assert.Equal(2_500, rack.ReorderingWindow(10_000, 10_000, recovering: true, sackedCount: 4));
    }

    [Fact]
    [Trait("Pitfall", "P17")]
    public void Reported_duplicates_widen_the_window_once_per_round_trip_up_to_it()
    {
        var (board, rack) = Flight(3, gap: 0);
        Sack(ref board, ref rack, 2, 10_000, 10_000);
        Sack(ref board, ref rack, 1, 10_000, 10_000);
        rack.OnDuplicateReported(sndUna: 0, sndNxt: 3_000);
        rack.OnDuplicateReported(sndUna: 500, sndNxt: 4_000);
        Assert.Equal(5_000, rack.ReorderingWindow(10_000, 40_000, true, 2));
        rack.OnDuplicateReported(sndUna: 3_000, sndNxt: 6_000);
        Assert.Equal(7_500, rack.ReorderingWindow(10_000, 40_000, true, 2));
        for (uint round = 1; round < 20; round++)
            rack.OnDuplicateReported(3_000 + (round * 3_000), 6_000 + (round * 3_000));
        Assert.Equal(40_000, rack.ReorderingWindow(10_000, 40_000, true, 2));
        for (int i = 0; i < 16; i++)
            rack.OnRecoveryEnd();
        Assert.Equal(2_500, rack.ReorderingWindow(10_000, 40_000, true, 2));
    }

    [Fact]
    [Trait("Pitfall", "P17")]
    public void An_acknowledgement_of_the_first_transmission_says_nothing_about_the_second()
    {
        var (board, rack) = Flight(2, gap: 0);
        board.MarkLost(board.NameOf(0));
        board.MarkRetransmitted(board.FirstLost, now: 9_000);

        // It comes 1,000 after the retransmission; no path is that short.
        rack.OnDelivered(board.At(0), minimumRtt: 10_000, echoPredates: false, now: 10_000);
        Assert.Equal(0, rack.DetectLoss(ref board, 0, 100_000));
        Assert.Equal(0, board.LostCount);
    }

    [Fact]
    [Trait("Pitfall", "P21")]
    public void Prr_sends_in_proportion_to_what_is_delivered()
    {
        // RFC 6937 section 5: ten segments in flight, threshold five: one out for two delivered.
        var prr = default(Prr);
        prr.Start(10 * Mss);
        int pipe = 10 * Mss;
        int sent = 0;
        for (int acknowledged = 0; acknowledged < 10; acknowledged++)
        {
            pipe -= Mss;
            int window = prr.OnAcknowledged(Mss, pipe, 5 * Mss, Mss, safe: false);
            for (; pipe + Mss <= window; pipe += Mss, sent++)
                prr.OnSent(Mss);
        }

        Assert.InRange(sent, 4, 6);
        Assert.InRange(pipe, 4 * Mss, 6 * Mss);
    }

    [Fact]
    [Trait("Pitfall", "P21")]
    public void Prr_refills_an_emptied_pipe_no_faster_than_slow_start()
    {
        var prr = default(Prr);
        prr.Start(20 * Mss);
        prr.OnAcknowledged(Mss, 2 * Mss, 10 * Mss, Mss, safe: false);
        prr.OnSent(Mss);
        Assert.Equal((3 + 2) * Mss, prr.OnAcknowledged(Mss, 3 * Mss, 10 * Mss, Mss, safe: true));
        Assert.Equal((3 + 2) * Mss, prr.OnAcknowledged(Mss, 3 * Mss, 10 * Mss, Mss, safe: false));
    }

    private static (Scoreboard Board, Rack Rack) Flight(int count, long gap)
    {
        var rings = new SegmentRingPool(new BufferBudget(1 << 20, 1 << 20));
        var board = default(Scoreboard);
        board.Reset();
        for (int i = 0; i < count; i++)
        {
            board.TryReserve(rings, new PeerAccount());
            board.Append((uint)(i * Mss), Mss, SegmentMarks.None, i * gap);
        }

        var rack = default(Rack);
        rack.Reset();
        return (board, rack);
    }

    private static void Sack(ref Scoreboard board, ref Rack rack, int index, long now, long minimumRtt)
    {
        rack.OnDelivered(board.At(index), minimumRtt, echoPredates: false, now);
        board.MarkSacked(board.NameOf(index));
    }
}
