namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 1122 section 4.2.2.13, RFC 6191).</summary>
[Trait("Pitfall", "P27")]
[Trait("Pitfall", "P24")]
public class TimeWaitScripts : Scripts
{
    [Theory, Variants]
    public void A_repeated_FIN_is_acknowledged_again(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        for (int i = 0; i < 3; i++)
        {
            s.Wait(1_000);
            s.In("F. 1 ack 2");
            s.Out(". 2 ack 2");
        }
    });

    [Theory, Variants]
    public void Late_data_is_acknowledged_and_not_reset(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        s.In(". 1(100) ack 2");
        s.Out(". 2 ack 2");
        s.Check(s.Stack.TimeWaitCount == 1, "TIME-WAIT goes on");
    });

    [Theory, Variants]
    public void A_bare_acknowledgement_is_not_answered(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        s.In(". 2 ack 2");
        s.Nothing();
    });

    [Theory, Variants]
    public void It_ends_after_a_minute(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        s.Quiet(59_000);
        s.Check(s.Stack.TimeWaitCount == 1, "TIME-WAIT");
        s.Quiet(2_000);
        s.Check(s.Stack.TimeWaitCount == 0, "TIME-WAIT is over");
        s.In("F. 1 ack 2");
        s.OutReset(2);
    });

    [Theory, Variants]
    public void A_SYN_with_a_greater_number_opens_anew(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        uint before = s.OurIsn;
        s.Another(s.PeerPort, s.PeerIsn + 100_000);
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Event("connected");
        s.Check((int)(s.OurIsn - before) > 0, "RFC 1122: our number is greater than that of the old connection as well");
        s.Check(s.Stack.TimeWaitCount == 0, "the old connection is forgotten");
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.Read(100);
    });

    [Theory, Variants]
    public void A_SYN_with_an_older_number_does_not(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        s.In("S -70000 <mss 1000>");
        s.Out(". 2 ack 2");
        s.Check(s.SynsOffered == 1 && s.Stack.TimeWaitCount == 1, "RFC 9293: an old duplicate is answered with an ACK");
    });

    [Theory, Variants]
    public void A_later_timestamp_allows_an_older_number(Variant variant) => Play(variant, s =>
    {
        Closed(s, "mss 1000, ts now 0");
        s.Wait(2_000);
        uint stamp = s.PeerTimestamp;
        s.Another(s.PeerPort, s.PeerIsn - 70_000);
        s.In($"S 0 <mss 1000, ts {stamp} 0>");
        s.Out($"S. 0 ack 1 <ts * {stamp}>");
        s.In(". 1 ack 1");
        s.Check(s.SynsOffered == 2, "RFC 6191");
    });

    [Theory, Variants]
    public void An_older_timestamp_forbids_reuse(Variant variant) => Play(variant, s =>
    {
        Closed(s, "mss 1000, ts now 0");
        s.In("S 70000 <mss 1000, ts 3 0>");
        s.Out(". 2 ack 2");
        s.Check(s.SynsOffered == 1, "RFC 6191");
    });

    [Theory, Variants]
    public void The_oldest_gives_way(Variant variant) => Play(variant, Script.Defaults with { MaximumTimeWait = 4 }, s =>
    {
        uint isn = s.PeerIsn;
        for (ushort i = 0; i < 10; i++)
        {
            s.Another((ushort)(40_000 + i), isn);
            Closed(s);
        }

        s.Check(s.Stack.TimeWaitCount == 4, $"{s.Stack.TimeWaitCount} connections");
        s.In("F. 1 ack 2");
        s.Out(". 2 ack 2");
        s.PeerPort = 40_000;
        s.In("F. 1 ack 2");
        s.OutReset(2);
    });

    [Theory, Variants]
    public void Five_hundred_connections_of_one_port_in_a_second(Variant variant) => Play(variant, s =>
    {
        uint isn = s.PeerIsn;
        s.Start();
        for (uint i = 0; i < 500; i++)
        {
            s.Another(s.PeerPort, isn + (i * 2_000));
            s.In("S 0 <mss 1000>");
            s.Out("S. 0 ack 1");
            s.In("F. 1(10) ack 1");
            s.Out(". 1 ack 12");
            s.Read(10);
            s.CloseSend();
            s.Out("F. 1 ack 12");
            s.In(". 12 ack 2");
            s.Check(s.Stack.FlowCount == 0, "closed");
            s.Wait(2);
        }
    });

    [Theory, Variants]
    public void The_flow_is_given_back_at_once(Variant variant) => Play(variant, s =>
    {
        Closed(s);
        s.Check(s.Stack.FlowCount == 0 && s.Stack.BufferBytes == 0, "TIME-WAIT holds no flow and no buffers");
    });

    private static void Closed(Script s, string options = "mss 1000")
    {
        s.Establish(options);
        s.CloseSend();
        s.Out("F. 1 ack 1");
        s.In(". 1 ack 2");
        s.In("F. 1 ack 2");
        s.Out(". 2 ack 2");
        s.Check(s.Events.Contains("closed Finished"), "closed");
    }
}
