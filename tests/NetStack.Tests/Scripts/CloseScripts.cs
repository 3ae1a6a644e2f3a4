namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>The ways in which a connection ends (RFC 9293 sections 3.6 and 3.10.4).</summary>
[Trait("Pitfall", "P24")]
public class CloseScripts : Scripts
{
    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void The_peer_closes_first(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1 ack 1");
        s.Out(". 1 ack 2");
        s.Event("fin");
        s.Check(s.Flow.ReceiveFinished && s.Flow.TcpState == TcpState.CloseWait, "CLOSE-WAIT");
        s.CloseSend();
        s.Out("F. 1 ack 2");
        s.Check(s.Flow.TcpState == TcpState.LastAck, "LAST-ACK");
        s.In(". 2 ack 2");
        s.Event("closed Finished");
        s.Check(s.Stack.FlowCount == 0 && s.Stack.TimeWaitCount == 0, "the passive closer waits for nothing");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void We_close_first(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        s.Check(s.Flow.TcpState == TcpState.FinWait2, "FIN-WAIT-2");
        s.In("F. 1 ack 2");
        s.Out(". 2 ack 2");
        s.Event("fin");
        s.Event("closed Finished");
        s.Check(s.Stack.TimeWaitCount == 1, "TIME-WAIT");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void The_peers_FIN_acknowledges_ours(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In("F. 1 ack 2");
        s.Out(". 2 ack 2");
        s.Check(s.Events.Contains("closed Finished") && s.Stack.TimeWaitCount == 1, "TIME-WAIT");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P11")]
    public void In_a_simultaneous_close_the_FIN_is_sent_until_it_is_acknowledged(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In("F. 1 ack 1");
        s.Out(". 2 ack 2");
        s.Check(s.Flow.TcpState == TcpState.Closing, "CLOSING");
        s.OutAfter(100, 1_500, "F. 1 ack 2");
        s.OutAfter(100, 3_000, "F. 1 ack 2");
        s.In(". 2 ack 2");
        s.Check(s.Events.Contains("closed Finished") && s.Stack.TimeWaitCount == 1, "TIME-WAIT");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P11")]
    public void A_lost_FIN_is_sent_again_with_its_own_number(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Write(500);
        s.Out(". 1(500)");
        s.In(". 1 ack 501");
        s.CloseSend();
        s.Out("F. 501 ack 1");
        s.OutAfter(100, 1_500, "F. 501 ack 1");
        s.OutAfter(100, 3_000, "F. 501 ack 1");
        s.In(". 1 ack 502");
        s.Quiet(5_000);
        s.Check(s.Flow.TcpState == TcpState.FinWait2, "FIN-WAIT-2");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_FIN_comes_with_the_last_data(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1(500) ack 1");
        s.Out(". 1 ack 502");
        s.Event("readable");
        s.Event("fin");
        s.Check(s.Flow.PeerFinished && !s.Flow.ReceiveFinished, "500 bytes wait before the end");
        s.Read(500);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_FIN_ahead_of_a_hole_waits_for_it(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1001(500) ack 1");
        s.Out(". 1 ack 1");
        s.Check(!s.Events.Contains("fin"), "the FIN is not in sequence");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1502");
        s.Check(s.Events.Contains("fin"), "the FIN is in sequence");
        s.Read(1_500);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_bare_FIN_ahead_of_a_hole_is_remembered(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 501 ack 1");
        s.Out(". 1 ack 1");
        s.In(". 1(200) ack 1");
        s.Out(". 1 ack 201");
        s.In(". 201(300) ack 1");
        s.Out(". 1 ack 502");
        s.Read(500);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_FIN_at_a_closed_window_is_answered_and_taken_when_it_opens(Variant variant) => Play(variant, SmallWindow, s =>
    {
        s.Establish();
        s.In(". 1(4096) ack 1");
        s.Out(". 1 ack 4097 win 0");
        s.In("F. 4097 ack 1");
        s.Check(s.Drain() is [{ Ack: 4_097 or 4_098 }], "the FIN is answered");
        s.ReadAll();
        s.Drain();
        s.In("F. 4097 ack 1");
        s.Out(". 1 ack 4098");
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void Our_FIN_behind_a_closed_window_comes_when_it_opens(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1 ack 1 win 0");
        s.Write(500);
        s.CloseSend();
        s.Nothing();
        s.OutAfter(100, 1_500, ". 0 ack 1");
        s.In(". 1 ack 1 win 2000");
        s.Out("F. 1(500) ack 1");
        s.In(". 1 ack 502");
        s.Check(s.Flow.TcpState == TcpState.FinWait2, "FIN-WAIT-2");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void What_comes_behind_a_FIN_is_not_delivered(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1 ack 1");
        s.Out(". 1 ack 2");
        s.In(". 2(100) ack 1");
        s.Check(s.Drain().TrueForAll(sent => sent.Ack == 2), "text behind the FIN is acknowledged");
        s.In("F. 2(100) ack 1");
        s.Check(s.Drain().TrueForAll(sent => sent.Ack == 2), "a second FIN is acknowledged");
        s.Check(s.Flow.ReceiveLength == 0, "text behind the FIN is delivered");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void What_lies_behind_a_FIN_ahead_of_a_hole_is_not_delivered(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 101 ack 1");
        s.Drain();
        s.In(". 102(50) ack 1");
        s.Drain();
        s.In(". 1(100) ack 1");
        s.Check(s.Drain()[^1].Ack == 102, "the stream ends at the FIN");
        s.Read(100);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_repeated_FIN_is_acknowledged_again(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1(10) ack 1");
        s.Out(". 1 ack 12");
        s.In("F. 1(10) ack 1");
        s.Out(". 1 ack 12");
        s.In("F. 11 ack 1");
        s.Out(". 1 ack 12");
        s.Read(10);
        s.Check(s.Events.Count(name => name == "fin") == 1, "the host is told once");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void Our_FIN_rides_on_the_last_data(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Queue(1_500);
        s.CloseSend();
        s.OutAll(". 1(1000) ack 1", "F. 1001(500) ack 1");
        s.In(". 1 ack 1502");
        s.Check(s.Flow.BytesAcknowledged == 1_500, "a FIN is no byte");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P13")]
    public void After_the_peers_FIN_we_may_send_for_hours(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In("F. 1 ack 1");
        s.Out(". 1 ack 2");
        for (int hour = 0; hour < 6; hour++)
        {
            s.Quiet(3_600_000);
            s.Write(1_000);
            s.Out($". {1 + (hour * 1_000)}(1000) ack 2");
            s.In($". 2 ack {1_001 + (hour * 1_000)}");
        }

        s.CloseSend();
        s.Out("F. 6001 ack 2");
        s.In(". 2 ack 6002");
        s.Check(s.Events.Contains("closed Finished"), "closed");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P13")]
    public void After_our_FIN_the_peer_may_send_for_hours(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        for (int hour = 0; hour < 6; hour++)
        {
            s.Quiet(3_600_000);
            s.In($". {1 + (hour * 1_000)}(1000) ack 2");
            s.Out($". 2 ack {1_001 + (hour * 1_000)}");
            s.Read(1_000);
        }

        s.In("F. 6001 ack 2");
        s.Out(". 2 ack 6002");
        s.Check(s.Events.Contains("closed Finished"), "closed");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P13")]
    public void A_half_closed_flow_whose_peer_answers_probes_stays(Variant variant) => Play(variant, Script.Defaults with { KeepaliveIdle = 60_000_000 }, s =>
    {
        s.Establish();
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        for (int i = 0; i < 100; i++)
        {
            s.OutAfter(10_000, 61_000, ". 1 ack 1");
            s.In(". 1 ack 2");
        }

        s.Check(s.Flow.TcpState == TcpState.FinWait2, "the flow lives");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P13")]
    public void A_fully_closed_flow_waits_a_minute_for_the_peers_FIN(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Close();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        s.Quiet(59_000);
        s.Check(s.Stack.FlowCount == 1, "FIN-WAIT-2");
        s.Wait(3_000);
        s.Drain();
        s.Check(s.Stack.FlowCount == 0, "the flow is gone");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P14")]
    public void Data_for_a_flow_that_is_closed_both_ways_is_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Close();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        s.In(". 1(100) ack 2");
        s.OutReset(2);
        s.Check(s.Events.Contains("closed DataAfterClose"), "the host is told");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P14")]
    public void Data_that_crosses_the_close_is_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.Close();
        s.Out("F. 1 ack 1");
        s.In(". 1(100) ack 1");
        s.OutReset(2);
        s.Check(s.Stack.FlowCount == 0, "the flow is gone");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P14")]
    public void Closing_with_unread_data_is_a_reset(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.Close();
        s.OutReset(1);
        s.Check(s.Events.Contains("closed Aborted"), "RFC 2525 section 2.17");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P14")]
    public void Closing_sends_what_is_queued_first(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 1_000);
        s.Write(2_500);
        s.Out(". 1(1000)");
        s.Close();
        s.In(". 1 ack 1001");
        s.Out(". 1001(1000)");
        s.In(". 1 ack 2001");
        s.Out("F. 2001(500)");
        s.In("F. 1 ack 2502");
        s.Out(". 2502 ack 2");
        s.Check(s.Events.Contains("closed Finished"), "closed");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P12")]
    public void A_flow_that_is_closed_in_the_same_turn_as_it_opens_says_so(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.CloseSend();
        s.Nothing();
        s.In(". 1 ack 1");
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
    });
}
