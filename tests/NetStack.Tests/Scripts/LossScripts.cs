namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>RACK and tail loss probes (RFC 8985) on what SACK says (RFC 2018, RFC 6675).</summary>
[Trait("Pitfall", "P17")]
[Trait("Pitfall", "P24")]
public class LossScripts : Scripts
{
    private const string Sack = "mss 1000, sackOK";

    [Theory, Variants]
    public void Three_segments_behind_a_hole_show_the_loss(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.In(". 1 ack 1 <sack 1001:3001>");
        s.Nothing();
        s.In(". 1 ack 1 <sack 1001:4001>");
        s.Out(". 1(1000)");
        s.Wait(40);
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
        s.Check(s.Stack.Counters.RetransmissionTimeouts == 0, "no timeout was needed");
    });

    [Theory, Variants]
    public void One_segment_behind_a_hole_shows_the_loss_a_quarter_of_a_round_trip_later(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.Nothing();
        s.OutAfter(5, 25, ". 1(1000)");
        s.Wait(40);
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void A_segment_that_was_only_late_is_not_sent_again(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.Quiet(4);
        s.In(". 1 ack 2001");
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
        s.Check(s.Flow.Retransmissions == 0, "nothing was lost");
    });

    [Theory, Variants]
    public void Where_reordering_was_seen_three_segments_prove_nothing_yet(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.In(". 1 ack 2001");
        s.In(". 1 ack 10001");
        s.Write(10_000);
        s.Drain();
        s.Wait(40);
        s.In(". 1 ack 10001 <sack 11001:12001>");
        s.In(". 1 ack 10001 <sack 11001:13001>");
        s.In(". 1 ack 10001 <sack 11001:15001>");
        s.Quiet(4);
        s.OutAfter(0, 25, ". 10001(1000)");
        s.In(". 1 ack 20001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void A_reported_duplicate_makes_the_reordering_window_wider(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.OutAfter(5, 25, ". 1(1000)");

        // The segment was late by 15 ms: now the peer has it twice and says so.
        s.In(". 1 ack 2001");
        s.In(". 1 ack 10001 <sack 1:1001>");
        s.Drain();
        s.Write(10_000);
        s.Drain();
        s.Wait(40);
        s.In(". 1 ack 10001 <sack 11001:12001>");
        s.Quiet(14);
        s.OutAfter(0, 30, ". 10001(1000)");
        s.In(". 1 ack 20001");
        s.Drain();
    });

    [Theory, Variants]
    public void A_lost_retransmission_is_found_without_a_timeout(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.Queue(10_000);
        s.In(". 1 ack 1 <sack 1001:5001>");
        var first = s.Drain();
        s.Check(first.Exists(sent => sent.Seq == 1), "the first retransmission");
        s.Wait(5);
        s.In(". 1 ack 1 <sack 1001:8001>");
        var fresh = s.Drain();
        s.In(". 1 ack 1 <sack 1001:10001>");
        fresh.AddRange(s.Drain());
        s.Check(fresh.Exists(sent => sent.Seq > 10_000), "recovery sends new data as acknowledgements come");
        s.Wait(40);
        s.In($". 1 ack 1 <sack 1001:{fresh[^1].End}>");
        var sent = s.Drain();
        if (!sent.Exists(segment => segment.Seq == 1))
        {
            s.Wait(30);
            sent = s.Drain();
        }

        s.Check(sent.Exists(segment => segment.Seq == 1 && segment.Length == 1_000), "the retransmission was lost too");
        s.Check(s.Stack.Counters.RetransmissionTimeouts == 0, "no timeout was needed");
        s.In(". 1 ack 20001");
        s.Drain();
    });

    [Theory, Variants]
    public void A_lost_tail_is_probed_once_after_two_round_trips(Variant variant) => Play(variant, s =>
    {
        Flight(s, 3, wait: false);
        s.OutAfter(75, 140, ". 2001(1000)");
        s.Check(s.Stack.Counters.TailLossProbes == 1, "the probe is counted");
        s.OutAfter(50, 1_000, ". 1(1000)");
        s.Check(s.Stack.Counters.RetransmissionTimeouts == 1, "then comes the timer");
        s.In(". 1 ack 3001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void The_answer_to_a_probe_shows_what_else_was_lost(Variant variant) => Play(variant, s =>
    {
        Flight(s, 6, wait: false);
        s.Wait(40);
        s.In(". 1 ack 3001");
        s.OutAfter(40, 140, ". 5001(1000)");
        s.Wait(40);
        s.In(". 1 ack 3001 <sack 5001:6001>");
        var sent = s.Drain();
        if (sent.Count == 0)
        {
            s.Wait(30);
            sent = s.Drain();
        }

        s.Check(sent.Exists(segment => segment.Seq == 3_001), "the hole is known now");
        s.Wait(40);
        s.Drain();
        s.In(". 1 ack 6001");
        s.Quiet(5_000);
        s.Check(s.Stack.Counters.RetransmissionTimeouts == 0, "no timeout was needed");
    });

    [Theory, Variants]
    public void A_probe_prefers_new_data(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10, wait: false);
        s.Write(5_000);
        s.Nothing();
        s.OutAfter(75, 140, ". 10001(1000)");
        s.In(". 1 ack 11001");
        s.Drain();
        s.In(". 1 ack 15001");
    });

    [Theory, Variants]
    public void A_probe_that_repaired_the_loss_costs_window(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10, wait: false);
        s.Wait(40);
        s.In(". 1 ack 8001");
        int before = s.Flow.CongestionWindow;
        s.OutAfter(75, 140, ". 9001(1000)");
        s.Wait(40);
        s.In(". 1 ack 10001");
        s.Write(1_000);
        s.Out(". 10001(1000)");
        s.Wait(40);
        s.In(". 1 ack 11001");
        s.Check(s.Flow.CongestionWindow < before, "RFC 8985 section 7.4: the loss that the probe repaired is a loss");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void Times_below_a_millisecond_count(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Sack}>");
        s.Out("S. 0 ack 1");
        s.WaitMicroseconds(400);
        s.In(". 1 ack 1");
        s.Write(10_000);
        s.Drain();
        s.WaitMicroseconds(400);
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.WaitMicroseconds(1_000);
        s.Out(". 1(1000)");
        s.In(". 1 ack 10001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P18")]
    public void What_was_sacked_is_not_sent_again(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 1 <sack 1001:3001 4001:10001>");
        var sent = s.Drain();
        s.Wait(40);
        sent.AddRange(s.Drain());
        s.Check(sent.Select(segment => segment.Seq).Order().SequenceEqual([1, 3_001]), $"sent again: {string.Join(", ", sent)}");
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
    });

    [Theory, Variants("20001:30001", "-5000:-4000", "3001:2001", "5001:5001", "1:1000000", "9001:12001")]
    [Trait("Pitfall", "P18")]
    public void A_block_that_cannot_be_is_not_believed(Variant variant, string block) => Play(variant, s =>
    {
        Flight(s, 10);
        for (int i = 0; i < 5; i++)
            s.In($". 1 ack 1 <sack {block}>");
        s.Check(s.Flow.BytesInFlight >= 9_000, $"{s.Flow.BytesInFlight} bytes in flight, nothing was delivered");
        s.Drain();
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P18")]
    public void A_peer_that_forgets_what_it_sacked_still_gets_everything(Variant variant) => Play(variant, s =>
    {
        Flight(s, 5);
        s.In(". 1 ack 1 <sack 1001:5001>");
        long next = 1;
        for (int turn = 0; turn < 400 && next < 5_001; turn++)
        {
            foreach (var sent in s.Drain())
            {
                if (sent.Seq == next && turn > 20)
                {
                    next = sent.Seq + sent.Length;
                    s.In($". 1 ack {next}");
                    break;
                }
            }

            s.Wait(50);
        }

        s.Drain();
        s.Check(next == 5_001, "RFC 2018 section 8: sacked data may be discarded by the receiver until it is acknowledged");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P18")]
    public void An_old_acknowledgement_with_old_blocks_does_no_harm(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 5001 <sack 6001:8001>");
        s.In(". 1 ack 1 <sack 1001:4001>");
        s.In(". 1 ack 1 <sack 1001:3001>");
        s.Wait(40);
        s.Check(s.Drain().TrueForAll(sent => sent.Seq >= 5_001 && sent.Seq < 6_001 || sent.Seq >= 8_001), "acknowledged or sacked data was sent again");
        s.In(". 1 ack 10001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void Recovery_neither_bursts_nor_stops(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.In(". 1 ack 10001");
        s.Write(60_000);
        int flight = s.Drain().Count;
        s.Check(flight == 20, $"{flight} segments after slow start doubled the window");
        s.Wait(40);
        int sent = 0, largest = 0;
        for (int i = 1; i < 20; i++)
        {
            s.In($". 1 ack 10001 <sack 11001:{11_001 + (i * 1_000)}>");
            int now = s.Drain().Count;
            sent += now;
            largest = Math.Max(largest, now);
            s.Wait(1);
            sent += s.Drain().Count;
        }

        s.Check(largest <= 3, $"RFC 6937: an acknowledgement released {largest} segments at once");
        s.Check(sent is >= 10 and <= 18, $"RFC 6937: 19 deliveries released {sent} segments, 0.7 times as many were due");
        s.In($". 1 ack {s.HighestSent}");
        s.Drain();
    });

    private static void Flight(Script s, int segments, bool wait = true)
    {
        s.Establish(Sack, rtt: 40);
        s.Write(segments * 1_000);
        s.Check(s.Drain().Count == segments, "the initial window");
        if (wait)
            s.Wait(40);
    }
}
