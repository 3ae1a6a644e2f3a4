namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>RST and SYN where they do not belong (RFC 5961 sections 3 and 4), and reset as a signal between the two ends (RFC 9293 section 3.5.2).</summary>
[Trait("Pitfall", "P24")]
public class ResetScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void An_exact_reset_ends_the_flow_and_is_not_answered(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("R 1");
        s.Event("reset");
        s.Event("closed PeerReset");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void A_reset_within_the_window_is_challenged(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("R 2");
        s.Out(". 1 ack 1");
        s.Wait(2_000);
        s.In("R. 30000 ack 1");
        s.Out(". 1 ack 1");
        s.Check(s.Events.Count == 0, "the flow lives");
        s.In("R 1");
        s.Event("reset");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void A_reset_outside_the_window_is_dropped_in_silence(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.In("R 100");
        s.In("R 1");
        s.In("R 70000");
        s.In("R -5000");
        s.Nothing();
        s.ReadAll();
        s.Check(s.Flow.TcpState == TcpState.Established, "the flow lives");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void Challenges_of_resets_are_one_in_a_second(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        int challenges = 0;
        for (int i = 0; i < 100; i++)
        {
            s.In($"R {100 + i}");
            challenges += s.Drain().Count;
            s.Wait(10);
        }

        s.Check(challenges is >= 1 and <= 2, $"{challenges} challenges in a second");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void A_reset_with_text_is_a_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("R. 1(20) ack 1");
        s.Event("reset");
        s.Event("closed PeerReset");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void A_reset_kills_the_dial_in_progress(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.In("R 50000");
        s.Check(s.Pending!.IsPending, "a reset with another number is not the peer's");
        s.In("R 1");
        s.Event("abandoned");
        s.Check(s.Pending!.Accept() is null, "the SYN is not pending any more");
        s.Pending!.Reset();
        s.Flush();
        s.Quiet(3_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void A_reset_in_SYN_RECEIVED_ends_the_flow(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In("R 1");
        s.Check(s.Events.Contains("closed PeerReset"), "the flow is closed");
        s.Check(!s.Events.Contains("connected"), "it never was open");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P08")]
    public void In_SYN_SENT_only_a_reset_that_acknowledges_the_SYN_refuses(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.In("R 0");
        s.In("R. 0 ack 7");
        s.In("R. 0 ack 0");
        s.Nothing();
        s.Check(s.Events.Count == 0, "a blind reset has no effect");
        s.In("R. 0 ack 1");
        s.Check(s.Events.Contains("closed Refused"), "the peer refused");
        s.Quiet(5_000);
    });

    [Theory, Variants("FinWait1", "FinWait2", "CloseWait", "LastAck", "Closing")]
    [Trait("Pitfall", "P08")]
    public void A_reset_ends_every_closing_state(Variant variant, string state) => Play(variant, s =>
    {
        s.Establish();
        string reset = "R 1";
        switch (state)
        {
            case "FinWait2":
                s.CloseSend();
                s.Out("F. 1 ack 1");
                s.In(". 1 ack 2");
                break;
            case "FinWait1":
                s.CloseSend();
                s.Out("F. 1 ack 1");
                break;
            case "Closing":
                s.CloseSend();
                s.Out("F. 1 ack 1");
                s.In("F. 1 ack 1");
                s.Out(". 2 ack 2");
                reset = "R 2";
                break;
            default:
                s.In("F. 1 ack 1");
                s.Out(". 1 ack 2");
                reset = "R 2";
                if (state == "LastAck")
                {
                    s.CloseSend();
                    s.Out("F. 1 ack 2");
                }

                break;
        }

        s.Check(s.Flow.TcpState.ToString() == state, $"the flow is {s.Flow.TcpState}");
        s.In(reset);
        s.Check(s.Events[^1].StartsWith("closed", StringComparison.Ordinal), "the flow is gone");
        s.Quiet(5_000);
        s.Check(s.Stack.FlowCount == 0, "the flow is gone");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P09")]
    public void A_SYN_in_a_connection_is_challenged_with_our_own_numbers(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.Write(50);
        s.Out(". 1(50)");
        s.In(". 101 ack 51");
        s.In("S 101 <mss 1000>");
        s.Out(". 51 ack 101");
        s.Wait(1_100);
        s.In("S 500000 <mss 1000>");
        s.Out(". 51 ack 101");
        s.Wait(1_100);
        s.In("S. 0 ack 51 <mss 1000>");
        s.Out(". 51 ack 101");
        s.ReadAll();
        s.Check(s.Flow.TcpState == TcpState.Established && s.SynsOffered == 1, "the flow lives");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P09")]
    public void Challenges_of_SYNs_are_one_in_a_second_and_data_is_exempt(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        int challenges = 0;
        for (int i = 0; i < 50; i++)
        {
            s.In($"S {1 + i} <mss 1000>");
            challenges += s.Drain().Count;
            s.Wait(10);
        }

        s.Check(challenges is >= 1 and <= 2, $"{challenges} challenges in half a second");
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        for (int i = 0; i < 5; i++)
        {
            s.In(". 1(100) ack 1");
            s.Out(". 1 ack 101");
        }

        s.ReadAll();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P09")]
    public void A_peer_that_has_restarted_gets_through_after_its_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.In("S 9000000 <mss 1000>");
        s.Out(". 1 ack 101");
        s.In("R 101");
        s.Check(s.Events.Contains("closed PeerReset"), "the old flow is closed");
        s.Another(s.PeerPort, s.PeerIsn + 9_000_000);
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Event("connected");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P09")]
    [Trait("Pitfall", "P26")]
    public void A_repeated_SYN_ACK_is_acknowledged_each_time(Variant variant) => Play(variant, s =>
    {
        s.Connect();
        for (int i = 0; i < 3; i++)
        {
            s.Wait(1_000 << i);
            s.In("S. 0 ack 1 <mss 1000>");
            s.Out(". 1 ack 1");
        }
    });

    [Theory, Variants]
    [Trait("Pitfall", "P15")]
    public void The_targets_reset_becomes_ours_and_unsent_data_is_dropped(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 2_000);
        s.Write(10_000);
        s.OutAll(". 1(1000)", ". 1001(1000)");
        s.Abort();
        s.OutReset(2_001);
        s.Check(s.Events.Contains("closed Aborted"), "the host is told");
        s.Quiet(5_000);
        s.Check(s.Stack.FlowCount == 0, "the flow is gone");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P15")]
    public void Our_reset_is_one_that_the_peer_takes(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(700);
        s.Out(". 1(700)");
        s.In(". 1(300) ack 701");
        s.Out(". 701 ack 301");
        s.Abort();
        s.OutReset(701);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P15")]
    public void A_reset_drops_what_was_queued_both_ways(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 1_000);
        s.In(". 1(500) ack 1");
        s.Out(". 1 ack 501");
        s.Write(5_000);
        s.Drain();
        s.Events.Clear();
        s.In("R 501");
        s.Event("reset");
        s.Event("closed PeerReset");
        s.Check(s.Stack.BufferBytes == 0, $"{s.Stack.BufferBytes} bytes are kept");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P15")]
    public void What_comes_after_a_reset_is_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Abort();
        s.OutReset(1);
        s.In(". 1(100) ack 1");
        s.OutReset(1);
        s.In("R 1");
        s.Nothing();
    });
}
