namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>When acknowledgements are sent (RFC 1122 section 4.2.3.2, RFC 5681 section 4.2) and which are believed (RFC 5961 section 5).</summary>
[Trait("Pitfall", "P24")]
public class AcknowledgementScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void The_first_segments_of_a_flow_are_acknowledged_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        for (int i = 0; i < 8; i++)
        {
            s.In($". {1 + (i * 1_000)}(1000) ack 1");
            s.Out($". 1 ack {1_001 + (i * 1_000)}");
        }
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void Later_a_single_segment_is_acknowledged_within_half_a_second(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($". {seq}(100) ack 1");
        s.OutAfter(1, 500, $". 1 ack {seq + 100}");
        s.ReadAll();
        s.Quiet(1_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void The_second_full_segment_is_acknowledged_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($". {seq}({s.OurMss}) ack 1");
        s.Nothing();
        s.In($". {seq + s.OurMss}({s.OurMss}) ack 1");
        s.Out($". 1 ack {seq + (2 * s.OurMss)}");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void A_batch_is_acknowledged_once_and_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In([.. Enumerable.Range(0, 10).Select(i => $". {seq + (i * s.OurMss)}({s.OurMss}) ack 1")]);
        s.Out($". 1 ack {seq + (10 * s.OurMss)}");
        s.Nothing();
        s.ReadAll();
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void A_hole_its_filling_and_a_duplicate_are_acknowledged_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($". {seq + 100}(100) ack 1");
        s.Out($". 1 ack {seq}");
        s.In($". {seq + 200}(100) ack 1");
        s.Out($". 1 ack {seq}");
        s.In($". {seq}(100) ack 1");
        s.Out($". 1 ack {seq + 300}");
        s.In($". {seq}(100) ack 1");
        s.Out($". 1 ack {seq + 300}");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void Filling_a_part_of_a_hole_is_acknowledged_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($". {seq + 300}(100) ack 1");
        s.Out($". 1 ack {seq}");
        s.In($". {seq}(100) ack 1");
        s.Out($". 1 ack {seq + 100}");
        s.In($". {seq + 100}(200) ack 1");
        s.Out($". 1 ack {seq + 400}");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void A_FIN_is_acknowledged_at_once(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($"F. {seq}(10) ack 1");
        s.Out($". 1 ack {seq + 11}");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void Data_takes_a_waiting_acknowledgement_along(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        long seq = s.PastQuickAcks();
        s.In($". {seq}(10) ack 1");
        s.Nothing();
        s.Write(20);
        s.Out($". 1(20) ack {seq + 10}");
        s.In($". {seq + 10} ack 21");
        s.Quiet(1_000);
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P07")]
    public void A_stream_at_full_speed_gets_an_acknowledgement_for_every_batch(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK, ws 7", window: 512);
        s.AutoRead = true;
        long seq = 1, acknowledged = 1;
        for (int batch = 0; batch < 60; batch++)
        {
            s.In([.. Enumerable.Range(0, 20).Select(i => $". {seq + (i * 1_300)}(1300) ack 1")]);
            seq += 26_000;
            foreach (var sent in s.Drain())
                acknowledged = Math.Max(acknowledged, sent.Ack!.Value);
            s.Check(acknowledged == seq, $"{seq - acknowledged} bytes of a batch of full segments wait for their acknowledgement");
        }
    });

    [Theory, Variants]
    [Trait("Pitfall", "P10")]
    public void An_acknowledgement_of_the_future_is_answered_and_its_segment_dropped(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 5000");
        s.Out(". 1 ack 1");
        s.Check(s.Flow.ReceiveLength == 0, "RFC 9293: if the ACK acks something not yet sent, send an ACK and drop the segment");
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P10")]
    public void An_acknowledgement_older_than_the_largest_window_is_an_attack(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 2_000);
        for (int i = 0; i < 5; i++)
        {
            s.Write(1_000);
            s.Out($". {1 + (i * 1_000)}(1000)");
            s.In($". 1 ack {1_001 + (i * 1_000)}");
        }

        s.In(". 1(10) ack 1001");
        s.Out(". 5001 ack 1");
        s.Check(s.Flow.ReceiveLength == 0, "RFC 5961 section 5.2: the segment is discarded");
        s.In(". 1(10) ack 4001");
        s.Out(". 5001 ack 11");
        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P10")]
    public void An_old_acknowledgement_changes_no_window(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 4_000);
        s.Write(4_000);
        s.Drain();
        s.In(". 1 ack 3001 win 4000");
        s.In(". 1 ack 2001 win 60000");
        s.Write(8_000);
        s.OutAll(". 4001(1000)", ". 5001(1000)", ". 6001(1000)");
        s.Nothing();
        s.In(". 1 ack 7001 win 60000");
        s.Drain();
        s.In(". 1 ack 12001 win 60000");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P10")]
    public void In_SYN_RECEIVED_a_wrong_acknowledgement_is_reset_and_the_right_one_still_counts(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 500");
        s.OutReset(500);
        s.In(". 1 ack 0");
        s.OutReset(0);
        s.In(". 1 ack 1");
        s.Event("connected");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P10")]
    public void In_SYN_SENT_a_wrong_acknowledgement_is_reset_and_the_right_one_still_counts(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.In("S. 0 ack 500 <mss 1000>");
        s.OutReset(500);
        s.In(". 1 ack 0");
        s.OutReset(0);
        s.In("S. 0 ack 1 <mss 1000>");
        s.Out(". 1 ack 1");
        s.Event("connected");
    });
}
