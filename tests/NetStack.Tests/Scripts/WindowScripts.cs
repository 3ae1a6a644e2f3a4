namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>The receive window, the peer's window, their scaling, and probes of a closed one.</summary>
[Trait("Pitfall", "P24")]
public class WindowScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void A_probe_of_one_byte_is_answered_while_the_window_is_closed(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        for (int i = 0; i < 5; i++)
        {
            s.In(". 4097(1) ack 1");
            s.Out(". 1 ack 4097 win 0");
        }

        s.ReadAll();
        s.Out(". 1 ack 4097 win 4096");
        s.In(". 4097(1) ack 1");
        s.Out(". 1 ack 4098");
        s.Read(1);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void A_probe_without_data_below_the_window_is_answered(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.In(". 4096 ack 1");
        s.Out(". 1 ack 4097 win 0");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void A_keepalive_with_a_byte_of_garbage_is_answered_and_its_byte_ignored(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(10) ack 1");
        s.Out(". 1 ack 11");
        s.In(". 10(1) ack 1");
        s.Out(". 1 ack 11");
        s.Read(10);
        s.Check(s.Flow.ReceiveLength == 0, "the byte was queued");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void Our_probes_back_off_for_as_long_as_they_are_answered(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.In(". 1 ack 1 win 0");
        s.Write(1_000);
        s.Nothing();
        long last = s.Now, gap = 0;
        for (int i = 0; i < 40; i++)
        {
            var probe = s.OutAfter(150, 61_000, ". 0 ack 1");
            long now = probe.At - last;
            s.Check(i == 0 ? now <= 1_500_000 : now >= Math.Min(gap * 19 / 10, 59_000_000), $"probe {i} came after {now} µs, the one before after {gap} µs");
            (gap, last) = (now, probe.At);
            s.Wait(50);
            s.In(". 1 ack 1 win 0");
        }

        s.Check(gap >= 50_000_000, "the interval grows to a minute");
        s.In(". 1 ack 1 win 5000");
        s.Out(". 1(1000) ack 1");
        s.In(". 1 ack 1001 win 5000");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void Probes_that_nobody_answers_end_the_flow_after_ten_minutes(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1 ack 1 win 0");
        s.Write(1_000);
        s.Wait(570_000);
        s.Check(s.Drain().TrueForAll(sent => sent.Seq == 0 && sent.Length == 0), "only probes");
        s.Check(s.Events.Count == 0, "ten minutes are not over");
        s.Wait(200_000);
        s.Drain();
        s.Event("closed TimedOut");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P02")]
    public void The_answer_to_a_probe_opens_the_window(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 2_000);
        s.Write(4_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1 ack 2001 win 0");
        s.OutAfter(150, 1_500, ". 2000 ack 1");
        s.In(". 1 ack 2001 win 2000");
        s.OutAll(". 2001(1000)", ". 3001(1000)");
        s.In(". 1 ack 4001 win 2000");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P03")]
    [Trait("Pitfall", "P06")]
    public void A_window_that_was_closed_opens_when_it_is_worth_a_segment(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Read(100);
        s.Nothing();
        s.Read(3_996);
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P03")]
    [Trait("Pitfall", "P06")]
    public void A_target_that_reads_in_crumbs_opens_no_silly_windows(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        var updates = new List<Segment>();
        for (int i = 0; i < 4_096; i++)
        {
            s.Read(1);
            updates.AddRange(s.Drain());
        }

        s.Check(updates.Count is >= 1 and <= 4, $"{updates.Count} updates");
        s.Check(updates[0].Window >= 1_000, $"the first opens {updates[0].Window} bytes");
        s.Check(updates[^1].Window >= 2_700, $"the last opens {updates[^1].Window} bytes");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P03")]
    public void A_window_that_moves_by_two_segments_is_told(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        for (int i = 0; i < 40; i++)
        {
            s.In($". {1 + (i * 1_000)}(1000) ack 1");
            s.Drain();
        }

        s.Wait(600);
        s.Drain();
        s.Read(3_000);
        s.Out(". 1 ack 40001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P03")]
    public void Reading_from_a_wide_window_sends_nothing(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.ReadAll();
        s.Quiet(1_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P03")]
    public void A_window_update_that_was_lost_comes_again_with_the_next_probe(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.ReadAll();
        s.Drain();
        s.In(". 4096 ack 1");
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P04")]
    public void A_peer_that_takes_its_window_back_stops_new_data_and_nothing_else(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 5_000);
        s.Write(8_000);
        s.OutAll(". 1(1000)", ". 1001(1000)", ". 2001(1000)", ". 3001(1000)", ". 4001(1000)");
        s.In(". 1 ack 1001 win 1000");
        s.Nothing();
        s.In(". 1 ack 3001 win 500");
        s.Nothing();
        s.In(". 1 ack 5001 win 0");
        s.Nothing();
        s.In(". 1 ack 5001 win 5000");
        s.OutAll(". 5001(1000)", ". 6001(1000)", ". 7001(1000)");
        s.In(". 1 ack 8001 win 5000");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P04")]
    public void What_lies_beyond_a_window_that_was_taken_back_is_still_retransmitted(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 5_000);
        s.Write(5_000);
        s.Drain();
        s.In(". 1 ack 1001 win 1000");
        s.Wait(1_500);
        s.Check(s.Drain().Exists(sent => sent.Seq == 1_001 && sent.Length == 1_000), "the oldest segment was not sent again");
        s.In(". 1 ack 5001 win 5000");
        s.Write(1_000);
        s.Out(". 5001(1000)");
        s.In(". 1 ack 6001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P04")]
    public void Filling_and_draining_never_moves_the_right_edge_back(Variant variant) => Play(variant, s =>
    {
        // The rule itself is checked on every segment of every script; here the window is used in odd steps, with scaling.
        s.Establish("mss 1000, sackOK, ws 7", window: 512);
        var random = new Random(11);
        long seq = 1;
        for (int i = 0; i < 400; i++)
        {
            int length = random.Next(1, 1_400);
            s.In($". {seq}({length}) ack 1");
            seq += length;
            s.Drain();
            if (random.Next(3) == 0)
            {
                s.Read(random.Next(0, s.Flow.ReceiveLength + 1));
                s.Drain();
            }

            if (s.Flow.ReceiveLength > 50_000)
            {
                s.ReadAll();
                s.Drain();
            }
        }
    });

    [Theory, Variants]
    [Trait("Pitfall", "P05")]
    public void Scaling_needs_both_SYNs_and_does_not_touch_theirs(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 win 4000 <mss 1000, ws 3>");
        var answer = s.Out("S. 0 ack 1 <ws 7>");
        s.Check(answer.Window >= 65_000, "the window of a SYN is not scaled");
        s.In(". 1 ack 1 win 250");
        s.Write(4_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1 ack 2001 win 250");
        s.OutAll(". 2001(1000)", ". 3001(1000)");
        s.In(". 1 ack 4001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P05")]
    public void Without_the_option_of_the_peer_no_window_is_scaled(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 win 4000 <mss 1000>");
        s.Out("S. 0 ack 1 <no ws>");
        s.In(". 1 ack 1 win 2000");
        s.Write(4_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1(1000) ack 2001 win 2000");
        var sent = s.Drain();
        s.Check(sent.TrueForAll(segment => segment.Window is > 60_000 and < 65_536), "our window is scaled");
        s.In(". 1001 ack 4001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P05")]
    public void The_window_of_a_SYN_ACK_is_not_scaled(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.In("S. 0 ack 1 win 2000 <mss 1000, ws 7>");
        s.Out(". 1 ack 1");
        s.Write(5_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1 ack 2001 win 100");
        s.OutAll(". 2001(1000)", ". 3001(1000)", ". 4001(1000)");
        s.In(". 1 ack 5001 win 100");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P05")]
    public void A_peer_that_ignores_our_offer_gets_unscaled_windows(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.In("S. 0 ack 1 win 2000 <mss 1000>");
        var sent = s.Out(". 1 ack 1");
        s.Check(sent.Window >= 60_000, "the window is scaled");
        s.Write(5_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1 ack 2001 win 100");
        s.Drain();
    });

    [Theory, Variants(15, 255)]
    [Trait("Pitfall", "P05")]
    public void A_shift_above_14_counts_as_14(Variant variant, int shift) => Play(variant, s =>
    {
        s.Establish($"mss 1000, ws {shift}", window: 1);
        s.Write(50_000);
        s.Check(s.Drain().Count == 10, "the initial window");
        s.In(". 1 ack 10001 win 1");
        var sent = s.Drain();
        s.Check(sent.Count >= 16 && sent[^1].End <= 10_001 + (1 << 14), $"the window ends at 26,385, not {sent[^1].End}");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P05")]
    public void Scaling_can_be_turned_off(Variant variant) => Play(variant, Script.Defaults with { WindowScaling = false, MaximumReceiveWindow = 65_536 }, s =>
    {
        s.Start();
        s.In("S 0 win 4000 <mss 1000, ws 3>");
        s.Out("S. 0 ack 1 <no ws>");
        s.In(". 1 ack 1 win 2000");
        s.Write(5_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.In(". 1 ack 2001");
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void A_sliver_of_the_peers_window_is_not_used(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 1_500);
        s.Write(3_000);
        s.Out(". 1(1000) ack 1");
        s.Nothing();
        s.In(". 1 ack 1001 win 1500");
        s.Out(". 1001(1000)");
        s.In(". 1 ack 2001 win 1500");
        s.Out(". 2001(1000)");
        s.In(". 1 ack 3001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void Half_of_the_largest_window_seen_is_used(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 1_500);
        s.Write(3_000);
        s.Out(". 1(1000) ack 1");
        s.In(". 1 ack 1001 win 800");
        s.Out(". 1001(800)");
        s.In(". 1 ack 1801 win 1500");
        s.OutAll(". 1801(1000)", ". 2801(200)");
        s.In(". 1 ack 3001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void A_sliver_is_used_in_the_end_when_nothing_better_comes(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 1_500);
        s.Write(3_000);
        s.Out(". 1(1000) ack 1");
        s.In(". 1 ack 1001 win 400");
        s.OutAfter(50, 1_500, ". 1001(400)");
        s.In(". 1 ack 1401 win 2000");
        s.OutAll(". 1401(1000)", ". 2401(600)");
        s.In(". 1 ack 3001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void A_small_write_does_not_wait_for_acknowledgements(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(10);
        s.Out(". 1(10) ack 1");
        s.Write(10);
        s.Out(". 11(10) ack 1");
        s.In(". 1 ack 21");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void Writes_of_one_turn_share_a_segment(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        for (int i = 0; i < 150; i++)
            s.Queue(10);
        s.Flush();
        s.OutAll(". 1(1000)", ". 1001(500)");
        s.In(". 1 ack 1501");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P06")]
    public void The_last_segment_of_a_write_is_pushed(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(2_500);
        var sent = s.Drain();
        s.Check(sent.Count == 3 && sent[2].Has(Keyhole.Packets.TcpFlags.Psh), "RFC 9293: the last segment of queued data carries PSH");
        s.In(". 1 ack 2501");
    });
}
