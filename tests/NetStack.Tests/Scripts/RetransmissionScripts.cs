namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>The retransmission timer (RFC 6298), its spurious expirations (RFC 3522, RFC 5682) and giving up (RFC 1122 section 4.2.3.5).</summary>
[Trait("Pitfall", "P16")]
[Trait("Pitfall", "P24")]
public class RetransmissionScripts : Scripts
{
    [Theory, Variants]
    public void The_timer_doubles_until_it_gives_up(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        long last = s.Out(". 1(1000)").At, gap = 0, first = last;
        int count = 0;
        while (s.Stack.FlowCount == 1)
        {
            s.Wait(100);
            foreach (var sent in s.Drain())
            {
                if (sent.Has(Keyhole.Packets.TcpFlags.Rst))
                    continue;
                s.Check(sent.Seq == 1 && sent.Length == 1_000, $"{sent} instead of the first segment");
                long now = sent.At - last;
                if (gap > 0)
                    s.Check(Math.Abs(now - Math.Min(2 * gap, 60_000_000)) <= gap / 10, $"after {gap} µs came {now} µs");
                else
                    s.Check(now is >= 200_000 and <= 1_000_000, $"the first came after {now} µs");
                (gap, last) = (now, sent.At);
                count++;
            }

            s.Check(s.Now - first < 1_200_000_000, "the flow is never given up");
        }

        s.Check(count is >= 8 and <= 15 && s.Now - first >= 300_000_000, $"given up after {count} attempts and {(s.Now - first) / 1_000_000} s");
        s.Event("closed TimedOut");
    });

    [Theory, Variants]
    public void What_was_retransmitted_gives_no_sample(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        s.Out(". 1(1000)");
        s.Wait(50);
        s.In(". 1 ack 1001");
        long before = s.Flow.SmoothedRtt;
        s.Check(before is > 45_000 and < 55_000, $"the round-trip time is 50 ms, not {before} µs");
        s.Write(1_000);
        s.Out(". 1001(1000)");
        s.OutAfter(150, 1_000, ". 1001(1000)");
        s.Wait(3);
        s.In(". 1 ack 2001");
        s.Check(s.Flow.SmoothedRtt == before, "Karn: RFC 6298 section 3");
    });

    [Theory, Variants]
    public void The_timer_restarts_with_every_new_acknowledgement_only(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 100);
        s.Write(1_000);
        s.Out(". 1(1000)");
        s.Wait(100);
        s.In(". 1 ack 1001");
        s.Write(3_000);
        s.Drain();
        s.Wait(150);
        s.In(". 1 ack 2001");
        long restarted = s.Now;
        s.Wait(140);
        s.In(". 1 ack 2001");
        s.Wait(10);
        s.In(". 1 ack 2001 win 60000");
        var sent = s.OutAfter(1, 1_000, ". 2001(1000)");
        s.Check(sent.At - restarted is >= 280_000 and <= 700_000, $"{sent.At - restarted} µs after the last new acknowledgement");
        s.In(". 1 ack 4001");
    });

    [Theory, Variants]
    public void Nothing_runs_when_everything_is_acknowledged(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(5_000);
        s.Drain();
        s.Wait(50);
        s.In(". 1 ack 5001");
        s.Quiet(100_000);
    });

    [Theory, Variants]
    public void The_timer_follows_the_round_trip_time(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 600);
        for (int i = 0; i < 10; i++)
        {
            s.Write(1_000);
            s.Out($". {1 + (i * 1_000)}(1000)");
            s.Quiet(600);
            s.In($". 1 ack {1_001 + (i * 1_000)}");
        }

        s.Write(1_000);
        s.Out(". 10001(1000)");
        s.OutAfter(790, 1_500, ". 10001(1000)");
        s.In(". 1 ack 11001");
    });

    [Theory, Variants]
    public void The_backoff_ends_with_progress(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        s.Out(". 1(1000)");
        s.OutAfter(150, 1_000, ". 1(1000)");
        s.OutAfter(300, 2_000, ". 1(1000)");
        s.OutAfter(600, 4_000, ". 1(1000)");
        s.Wait(50);
        s.In(". 1 ack 1001");
        s.Write(1_000);
        s.Out(". 1001(1000)");
        s.Wait(50);
        s.In(". 1 ack 2001");
        s.Write(1_000);
        s.Out(". 2001(1000)");
        s.OutAfter(150, 1_000, ". 2001(1000)");
        s.In(". 1 ack 3001");
    });

    [Theory, Variants]
    public void A_timeout_sends_one_segment_and_starts_slowly(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(10_000);
        s.Check(s.Drain().Count == 10, "the initial window");
        s.OutAfter(150, 1_000, ". 1(1000)");
        s.Nothing();
        s.Check(s.Flow.CongestionWindow <= 1_000, $"RFC 5681: the window is one segment, not {s.Flow.CongestionWindow}");
        s.Wait(50);
        s.In(". 1 ack 1001");
        s.Check(s.Drain().Count is 1 or 2, "slow start: at most two");
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void What_the_peer_has_is_not_sent_again_after_a_timeout(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(10_000);
        s.Drain();
        s.OutAfter(150, 1_000, ". 1(1000)");
        s.Wait(50);
        s.In(". 1 ack 10001");
        s.Nothing();
        s.Quiet(5_000);
        s.Check(s.Flow.Retransmissions == 1, $"{s.Flow.Retransmissions} retransmissions where one was needed");
    });

    [Theory, Variants]
    public void Everything_lost_arrives_in_the_end_without_SACK(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(10_000);
        s.Drain();
        long next = 1;
        for (int turn = 0; turn < 40 && next < 10_001; turn++)
        {
            s.Wait(turn == 0 ? 1_000 : 50);
            foreach (var sent in s.Drain())
            {
                if (sent.Seq == next)
                    next = sent.Seq + sent.Length;
            }

            s.In($". 1 ack {next}");
        }

        s.Check(next == 10_001, $"only {next - 1} bytes arrived in two seconds");
        s.Drain();
    });

    [Theory, Variants]
    public void A_timeout_that_timestamps_show_was_needless_is_undone(Variant variant) => Play(variant, s =>
    {
        s.Establish(Modern, window: 512, rtt: 50);
        s.Write(10_000);
        var flight = s.Drain();
        int before = s.Flow.CongestionWindow;
        uint original = s.LastTimestamp;
        s.Wait(1_000);
        s.Check(s.Drain().Count > 0, "a timeout");
        s.Check(s.Stack.Counters.RetransmissionTimeouts >= 1, "a timeout");
        s.In($". 1 ack {flight[0].Length + 1} <ts now {original}>");
        s.Drain();
        s.Check(s.Flow.CongestionWindow >= before * 7 / 10, $"RFC 4015: the window is {s.Flow.CongestionWindow}, it was {before}");
        s.Check(s.Stack.Counters.RecoveriesUndone >= 1, "the recovery is undone");
        s.In($". 1 ack 10001 <ts now {original}>");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void A_needless_timeout_without_timestamps_does_not_send_everything_again(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK", rtt: 50);
        s.Write(20_000);
        s.Drain();
        s.Wait(800);
        s.Drain();
        for (int i = 1; i <= 10; i++)
        {
            s.In($". 1 ack {1 + (i * 1_000)}");
            s.Drain();
        }

        s.Check(s.Flow.Retransmissions <= 4, $"RFC 5682: {s.Flow.Retransmissions} of 10 segments were sent again, none was lost");
        s.In(". 1 ack 20001");
        s.Drain();
    });

    [Theory, Variants]
    public void A_SYN_ACK_is_repeated_five_times(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        long last = s.Out("S. 0 ack 1").At;
        int count = 0;
        while (s.Stack.FlowCount == 1 && count < 20)
        {
            s.Wait(200);
            foreach (var sent in s.Drain())
            {
                if (!sent.Has(Keyhole.Packets.TcpFlags.Syn))
                    continue;
                s.Check(Math.Abs(sent.At - last - (1_000_000L << count)) < 100_000, $"repetition {count} came after {sent.At - last} µs");
                last = sent.At;
                count++;
            }
        }

        s.Check(count == 5, $"{count} repetitions");
        s.Check(s.Stack.FlowCount == 0 && s.Events is ["closed TimedOut"], "the host is told");
    });

    [Theory, Variants]
    public void A_SYN_is_repeated_with_doubling_pauses(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.OutAfter(950, 1_050, "S 0");
        s.OutAfter(1_950, 2_050, "S 0");
        s.OutAfter(3_950, 4_050, "S 0");
        s.In("S. 0 ack 1 <mss 1000>");
        s.Out(". 1 ack 1");
        s.Event("connected");
    });

    [Theory, Variants]
    public void A_connect_that_nobody_answers_ends(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.Wait(200_000);
        s.Check(s.Drain().Count(sent => sent.Has(Keyhole.Packets.TcpFlags.Syn)) is >= 4 and <= 6, "a handful of attempts");
        s.Event("closed TimedOut");
    });

    [Theory, Variants]
    public void A_retransmission_carries_the_acknowledgement_of_now(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        s.Out(". 1(1000) ack 1");
        s.In(". 1(300) ack 1");
        s.Drain();
        s.OutAfter(100, 1_000, ". 1(1000) ack 301");
        s.In(". 301 ack 1001");
        s.ReadAll();
    });
}
