namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>RFC 9293 section 3.10.7.4, the first check: which segments are acceptable, and what those that are not still do.</summary>
[Trait("Pitfall", "P01")]
[Trait("Pitfall", "P24")]
public class AcceptabilityScripts : Scripts
{
    [Theory, Variants]
    public void A_segment_wholly_old_is_dropped_and_acknowledged(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.Check(s.Flow.ReceiveLength == 1_000, "the duplicate was queued");
        s.ReadAll();
    });

    [Theory, Variants]
    public void A_segment_beyond_the_window_is_dropped_and_acknowledged(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 4097(100) ack 1");
        s.Out(". 1 ack 1");
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.ReadAll();
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    public void The_last_byte_of_the_window_is_acceptable(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 4096(1) ack 1");
        s.Out(". 1 ack 1");
        s.In(". 1(4095) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Read(4_096);
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    public void What_overlaps_the_left_edge_is_trimmed(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(500) ack 1");
        s.Out(". 1 ack 501");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.Read(1_000);
    });

    [Theory, Variants]
    public void What_overlaps_the_right_edge_is_trimmed(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(5000) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Check(s.Flow.ReceiveLength == 4_096, "more was queued than the window allows");
        s.Read(4_096);
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    public void What_overlaps_both_edges_is_trimmed(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001 win 3096");
        s.In(". 501(5000) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Read(4_096);
        s.Out(". 1 ack 4097 win 4096");
    });

    [Theory, Variants]
    public void A_FIN_cut_off_by_the_right_edge_is_not_taken(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In("F. 1(5000) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Check(!s.Flow.PeerFinished, "the FIN lies beyond the window");
        s.Read(4_096);
        s.Out(". 1 ack 4097 win 4096");
        s.In("F. 4097(904) ack 1");
        s.Out(". 1 ack 5002");
        s.Read(904);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    public void An_empty_segment_left_or_right_of_the_window_is_acknowledged(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 0 ack 1");
        s.Out(". 1 ack 1");
        s.Wait(1_100);
        s.In(". 5000 ack 1");
        s.Out(". 1 ack 1");
        s.In(". 100 ack 1");
        s.Nothing();
    });

    [Theory, Variants]
    public void A_closed_window_still_takes_acknowledgements(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Write(1_000);
        s.Out(". 1(1000) ack 4097 win 0");
        s.In(". 4097 ack 1001");
        s.Check(s.Flow.BytesAcknowledged == 1_000, "the acknowledgement was ignored");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void An_unacceptable_segment_in_a_closed_window_still_acknowledges(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Write(1_000);
        s.Out(". 1(1000) ack 4097 win 0");
        s.In(". 4097(100) ack 1001");
        s.Out(". 1001 ack 4097 win 0");
        s.Check(s.Flow.BytesAcknowledged == 1_000, "RFC 9293: with a zero window valid acknowledgements are still processed");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    public void A_closed_window_still_takes_a_reset(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.Events.Clear();
        s.In("R 4097");
        s.Event("reset");
        s.Event("closed PeerReset");
    });

    [Theory, Variants]
    public void A_segment_without_ACK_has_no_effect(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("P 1(100)");
        s.Drain();
        s.Check(s.Flow.ReceiveLength == 0, "RFC 9293: if the ACK bit is off, drop the segment");
    });

    [Theory, Variants]
    public void A_segment_for_no_connection_is_reset_from_its_own_numbers(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In(". 500(10) ack 77");
        s.Out("R 77");
        s.In("F 500(10)");
        s.Out("R. 0 ack 511");
        s.In("R 500");
        s.In("R. 500 ack 1");
        s.Nothing();
    });
}
