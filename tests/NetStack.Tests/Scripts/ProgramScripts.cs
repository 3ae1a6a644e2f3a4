namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>What the program around the stack does: revoke, suspend, run out of things, read and write in odd ways.</summary>
[Trait("Pitfall", "P24")]
public class ProgramScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void A_removed_peer_is_reset_and_forgotten(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(5_000);
        s.Drain();
        s.Stack.RemovePeer(Script.Peer, s.Now);
        s.Flush();
        s.OutReset(5_001);
        s.Check(s.Events.Contains("closed PeerRemoved"), "the host is told");
        s.Check(s.Stack.FlowCount == 0 && s.Stack.BufferBytes == 0, "nothing is left");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void The_dials_of_a_removed_peer_are_abandoned(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Stack.RemovePeer(Script.Peer, s.Now);
        s.Flush();
        s.Drain();
        s.Check(s.Events.Contains("abandoned"), "the host is told");
        s.Check(s.Pending!.Accept() is null && s.Stack.PendingCount == 0, "nothing is left");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void After_hours_of_suspension_one_segment_is_sent_and_the_flow_goes_on(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK", rtt: 50);
        s.Write(10_000);
        s.Drain();
        s.Jump(5L * 3_600_000);
        s.Wait(100);
        var sent = s.Drain();
        s.Check(sent.Count == 1, $"{sent.Count} segments in one burst after a jump of the clock");
        s.Check(s.Stack.FlowCount == 1 && s.Events.Count == 0, "five hours that nobody lived through are no five hours of silence");
        s.Wait(50);
        s.In(". 1 ack 10001");
        s.Drain();
        s.Write(1_000);
        s.Drain();
        s.In(". 1 ack 11001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void A_clock_that_jumps_while_nothing_is_under_way_sends_nothing(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        s.Drain();
        s.Wait(50);
        s.In(". 1 ack 1001");
        s.Jump(100L * 3_600_000);
        s.Nothing();
        s.Write(1_000);
        s.Out(". 1001(1000)");
        s.In(". 1 ack 2001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void While_the_tunnel_has_no_room_nothing_is_lost(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK", rtt: 50);
        s.SinkFull = true;
        s.Write(5_000);
        s.Nothing();
        s.Wait(3_000);
        s.Nothing();
        s.SinkFull = false;
        s.Flush();
        s.Wait(1_000);
        var sent = s.Drain();
        s.Check(sent.Select(segment => segment.Seq).Distinct().Order().SequenceEqual([1, 1_001, 2_001, 3_001, 4_001]), $"sent: {string.Join(", ", sent)}");
        s.In(". 1 ack 5001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void A_silent_peer_is_probed_and_given_up(Variant variant) => Play(variant, Script.Defaults with { KeepaliveIdle = 60_000_000 }, s =>
    {
        s.Establish();
        s.OutAfter(59_000, 61_000, ". 0 ack 1");
        for (int i = 1; i < 6; i++)
            s.OutAfter(14_000, 16_000, ". 0 ack 1");
        s.Wait(16_000);
        s.Drain();
        s.Event("closed KeepaliveTimedOut");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void A_peer_that_answers_probes_is_kept(Variant variant) => Play(variant, Script.Defaults with { KeepaliveIdle = 60_000_000 }, s =>
    {
        s.Establish();
        for (int i = 0; i < 200; i++)
        {
            s.OutAfter(14_000, 61_000, ". 0 ack 1");
            s.In(". 1 ack 1");
        }

        s.Check(s.Events.Count == 0, "the flow lives");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P33")]
    public void Limits_of_the_policy_end_a_flow(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Flow.IdleTimeout = 10_000_000;
        s.Flow.ExpiresAt = s.Now + 25_000_000;
        s.Flush();
        s.Quiet(9_000);
        s.In(". 1(10) ack 1");
        s.Out(". 1 ack 11");
        s.ReadAll();
        s.Quiet(9_000);
        s.In(". 11(10) ack 1");
        s.Drain();
        s.ReadAll();
        s.Wait(7_500);
        s.OutReset(1);
        s.Check(s.Events.Contains("closed Expired"), "25 seconds are over");
        s.Another(41_000, 77);
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Flow.IdleTimeout = 10_000_000;
        s.Flush();
        s.Wait(10_500);
        s.OutReset(1);
        s.Check(s.Events.Contains("closed IdleLimit"), "ten seconds without a byte");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_target_that_closes_at_once_is_a_FIN_after_the_handshake(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.Close();
        s.Nothing();
        s.In(". 1 ack 1");
        s.Out("F. 1 ack 1");
        s.In("F. 1 ack 2");
        s.Out(". 2 ack 2");
        s.Check(s.Events.Contains("closed Finished"), "closed");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_target_that_resets_at_once_is_a_reset(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.Abort();
        s.OutReset(1);
        s.Check(s.Stack.FlowCount == 0, "the flow is gone");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_target_that_never_reads_closes_the_window_and_takes_no_more_memory(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK, ws 7", window: 512);
        long seq = 1;
        int window = int.MaxValue;
        for (int i = 0; i < 500 && window > 0; i++)
        {
            s.In($". {seq}(1300) ack 1");
            foreach (var sent in s.Drain())
            {
                seq = Math.Max(seq, sent.Ack!.Value);
                window = sent.Window!.Value;
            }
        }

        s.Check(window == 0 && seq <= 67_500, $"{seq} bytes were taken, the window is {window}");
        s.Check(s.Stack.BufferBytes <= 160 << 10, $"{s.Stack.BufferBytes} bytes of buffers");
        for (int i = 0; i < 100; i++)
        {
            s.Wait(10_000);
            s.In($". {seq}(1) ack 1");
            s.Out($". 1 ack {seq} win 0");
        }

        s.ReadAll();
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void Writes_of_one_byte_neither_leak_nor_stop(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK", rtt: 50);
        for (int i = 0; i < 5_000; i++)
        {
            s.Write(1);
            if (i % 50 == 49)
            {
                s.Drain();
                s.Wait(10);
                s.Drain();
                s.In($". 1 ack {s.HighestSent}");
            }
        }

        for (int i = 0; i < 10 && s.Flow.SendLength > 0; i++)
        {
            s.Drain();
            s.In($". 1 ack {s.HighestSent}");
        }

        s.Drain();
        s.Check(s.Flow.BytesAcknowledged == 5_000, $"{s.Flow.BytesAcknowledged} of 5,000 bytes arrived");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_full_send_queue_says_so_and_says_when_there_is_room(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK, ws 7", window: 2_000, rtt: 50);
        int queued = 0;
        while (s.Flow.GetSendSpan() is { IsEmpty: false } span)
        {
            s.Flow.Commit(0);
            s.Queue(span.Length);
            queued += span.Length;
            s.Check(queued <= 8 << 20, "the queue has no end");
        }

        s.Flush();
        s.Check(queued is >= 64 << 10 and <= 1 << 20, $"{queued} bytes for a window of 10,000");
        s.Drain();
        for (int i = 0; i < 100 && !s.Events.Contains("space"); i++)
        {
            s.Wait(50);
            s.Drain();
            s.In($". 1 ack {s.HighestSent}");
            s.Drain();
        }

        s.Event("space");
        s.Check(!s.Flow.GetSendSpan().IsEmpty, "there is room");
        s.Flow.Commit(0);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P19")]
    [Trait("Threat", "21")]
    public void A_flood_of_SYNs_is_bounded_and_dropped_in_silence(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        for (int i = 0; i < 2_000; i++)
        {
            s.Another((ushort)(10_000 + i), s.PeerIsn);
            s.In("S 0 <mss 1000>");
            s.Nothing();
        }

        s.Check(s.Stack.PendingCount <= 256, $"{s.Stack.PendingCount} SYNs of one peer wait");
        s.Check(s.Stack.Counters.Dropped(DropReason.PendingLimit) + s.Stack.Counters.Dropped(DropReason.SynRate) == 2_000 - s.SynsOffered, "all others are counted");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P19")]
    public void Many_small_segments_and_hostile_blocks_cost_bounded_work(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 88, sackOK, ws 7", window: 65_535, rtt: 10);
        for (int i = 0; i < 13; i++)
        {
            while (s.Flow.SendSpace >= 16_384)
                s.Queue(16_384);
            s.Flush();
            s.Drain();
            s.Wait(10);
            s.Drain();
            s.In($". 1 ack {s.HighestSent}");
        }

        var flight = s.Drain();
        s.Check(flight.Count <= 32_768, $"{flight.Count} segments in flight");
        long una = s.Flow.BytesAcknowledged + 1;
        long started = Environment.TickCount64;
        var random = new Random(5);
        for (int i = 0; i < 3_000; i++)
        {
            long[] blocks = [.. Enumerable.Range(0, 3).Select(_ => una + 88 + random.NextInt64(Math.Max(1, s.HighestSent - una - 200)))];
            s.In($". 1 ack {una} <sack {string.Join(' ', blocks.Select(left => $"{left}:{left + 1}"))}>");
            s.Drain();
        }

        s.Check(Environment.TickCount64 - started < 4_000, $"3,000 acknowledgements took {Environment.TickCount64 - started} ms: CVE-2019-11477 and 11478");
        s.In($". 1 ack {s.HighestSent}");
        s.Drain();
    });
}
