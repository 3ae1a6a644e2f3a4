namespace Keyhole.NetStack.Tests.Scripts;

public class ProbeScripts : Scripts
{
    [Theory, Variants(1, 100, 129)]
    [Trait("Pitfall", "P34")]
    [Trait("Pitfall", "P04")]
    public void A_target_that_never_reads_closes_the_window_for_small_segments_too(Variant variant, int length) => Play(variant, SmallWindow with { WindowShift = 7 }, s =>
    {
        s.Establish("mss 1000, sackOK, ws 7", window: 512);
        for (int i = 0; i < 8_000; i++)
        {
            s.In($". {1 + (i * length)}({length}) ack 1");
            s.Drain();
            if (i % 4 == 0)
                s.Wait(30);
            s.Drain();
        }

        s.Check(s.Flow.ReceiveLength <= 4_096 + 127, $"{s.Flow.ReceiveLength} bytes were taken, 4,096 were offered");
        s.ReadAll();
        s.Drain();
    });

    [Theory, Variants]
    public void A_probe_that_was_needless_costs_nothing(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10, wait: false);
        s.Wait(40);
        s.In(". 1 ack 8001");
        int before = s.Flow.CongestionWindow;
        s.OutAfter(75, 140, ". 9001(1000)");
        s.Wait(10);
        s.In(". 1 ack 10001");
        s.Wait(30);
        s.In(". 1 ack 10001 <sack 9001:10001>");
        s.Write(1_000);
        s.Out(". 10001(1000)");
        s.Wait(40);
        s.In(". 1 ack 11001");
        s.Check(s.Flow.CongestionWindow >= before, "RFC 8985 section 7.4.2: the peer got both");
    });

    [Theory, Variants]
    public void A_single_segment_is_probed_before_the_timer(Variant variant) => Play(variant, s =>
    {
        Flight(s, 1, wait: false);
        s.OutAfter(80, 300, ". 1(1000)");
        s.Check(
            s.Stack.Counters.TailLossProbes == 1 && s.Stack.Counters.RetransmissionTimeouts == 0,
            "RFC 8985 section 7.2: where the probe would come after the timer it takes its place");
        s.Wait(40);
        s.In(". 1 ack 1001");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void The_first_two_duplicates_each_release_a_new_segment(Variant variant) => Play(variant, s =>
    {
        Flight(s, 10);
        s.Write(5_000);
        s.Nothing();
        s.In(". 1 ack 1 <sack 1001:2001>");
        s.Out(". 10001(1000)");
        s.In(". 1 ack 1 <sack 1001:3001>");
        s.Out(". 11001(1000)");
        s.In(". 1 ack 15001");
        s.Drain();
    });

    private static void Flight(Script s, int segments, bool wait = true)
    {
        s.Establish("mss 1000, sackOK", rtt: 40);
        s.Write(segments * 1_000);
        s.Check(s.Drain().Count == segments, "the initial window");
        if (wait)
            s.Wait(40);
    }
}
