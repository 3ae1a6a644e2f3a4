using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>A SYN is answered after the dial; what happens until then and right after (RFC 9293 section 3.5).</summary>
[Trait("Pitfall", "P26")]
[Trait("Pitfall", "P24")]
public class HandshakeScripts : Scripts
{
    [Theory, Variants]
    public void Nothing_is_answered_before_the_dial_has_ended(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Quiet(5_000);
        s.Check(s.Pending!.Accept() is not null, "the SYN is pending");
        s.Flush();
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Event("connected");
    });

    [Theory, Variants]
    public void A_repeated_SYN_is_no_second_dial(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        for (int i = 0; i < 3; i++)
        {
            s.In("S 0 <mss 1000>");
            s.Quiet(1_000);
        }

        s.Check(s.SynsOffered == 1, $"{s.SynsOffered} dials");
        s.Pending!.Accept();
        s.Flush();
        s.Out("S. 0 ack 1");
        s.Nothing();
    });

    [Theory, Variants]
    public void A_SYN_with_a_new_number_replaces_the_one_that_waits(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Another(s.PeerPort, s.PeerIsn + 70_000);
        s.In("S 0 <mss 900>");
        s.Check(s.SynsOffered == 1, "one dial");
        var flow = s.Pending!.Accept();
        s.Flush();
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Check(flow!.SegmentSize == 900, "the options are those of the newer SYN");
    });

    [Theory, Variants]
    public void A_SYN_repeated_after_the_answer_is_answered_again(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Event("connected");
        s.Check(s.SynsOffered == 1, "one dial");
    });

    [Theory, Variants]
    public void Data_may_come_with_the_acknowledgement(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1(500) ack 1");
        s.Event("connected");
        s.Event("readable");
        s.Out(". 1 ack 501");
        s.Read(500);
    });

    [Theory, Variants]
    public void Data_and_FIN_may_come_with_the_acknowledgement(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In("F. 1(500) ack 1");
        s.Out(". 1 ack 502");
        s.Event("connected");
        s.Event("readable");
        s.Event("fin");
        s.Read(500);
        s.Check(s.Flow.ReceiveFinished, "the stream is over");
    });

    [Theory, Variants]
    public void The_third_segment_may_be_lost_when_data_follows(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.OutAfter(900, 1_100, "S. 0 ack 1");
        s.In(". 1(100) ack 1");
        s.Event("connected");
        s.Out(". 1 ack 101");
        s.Read(100);
        s.Quiet(10_000);
    });

    [Theory, Variants]
    public void Later_data_may_overtake_the_third_segment(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1001(100) ack 1");
        s.Event("connected");
        s.Out(". 1 ack 1");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1101");
        s.Read(1_100);
    });

    [Theory, Variants]
    public void Data_in_a_SYN_is_not_taken(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0(100) <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Check(s.Flow.ReceiveLength == 0, "there is no fast open here");
    });

    [Theory, Variants]
    public void A_refused_target_is_a_reset(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Pending!.Reset();
        s.Flush();
        s.Out("R. 0 ack 1");
        s.Pending!.Reset();
        s.Check(s.Pending!.Accept() is null, "it was answered");
        s.Flush();
        s.Nothing();
        s.Check(s.Stack.PendingCount == 0, "nothing waits");
    });

    [Theory, Variants("Network", "Host", "Prohibited")]
    public void An_unreachable_target_is_told_by_ICMP(Variant variant, string name) => Play(variant, s =>
    {
        var code = Enum.Parse<UnreachableCode>(name);
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Pending!.Unreachable(code);
        s.Flush();
        Assert.True(IcmpErrorView.TryParse(PacketLog.Parse(s.OutIcmp()), out var error));
        Assert.Equal(s.Key, error.Flow);
        Assert.Equal(s.PeerIsn, error.TcpSequenceNumber);
        Assert.Equal(
            code switch
            {
                UnreachableCode.Network => IcmpErrorKind.NetworkUnreachable,
                UnreachableCode.Host => IcmpErrorKind.HostUnreachable,
                _ => IcmpErrorKind.AdministrativelyProhibited,
            },
            error.Kind);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_dropped_SYN_may_come_again(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Pending!.Drop();
        s.Flush();
        s.Quiet(1_000);
        s.Check(s.Stack.PendingCount == 0, "nothing waits");
        s.AutoAccept = true;
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1");
        s.Check(s.SynsOffered == 2, "two dials");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P34")]
    public void A_dial_that_takes_too_long_is_abandoned(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Wait(9_900);
        s.Check(s.Events.Count == 0, "ten seconds are not over");
        s.Wait(200);
        s.Event("abandoned");
        s.Drain();
        s.Check(s.Pending!.Accept() is null && s.Stack.PendingCount == 0, "it is too late");
    });

    [Theory, Variants]
    public void A_second_answer_does_nothing(Variant variant) => Play(variant, s =>
    {
        s.AutoAccept = false;
        s.Start();
        s.In("S 0 <mss 1000>");
        s.Check(s.Pending!.Accept() is not null && s.Pending.Accept() is null, "accepted once");
        s.Pending.Reset();
        s.Pending.Drop();
        s.Flush();
        s.Out("S. 0 ack 1");
        s.Nothing();
    });

    [Theory, Variants]
    public void Both_ends_may_open_at_once(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.In("S 0 <mss 1000>");
        s.Out("S. 0 ack 1");
        s.In("S. 0 ack 1 <mss 1000>");
        s.Check(s.Flow.TcpState == TcpState.Established, $"the flow is {s.Flow.TcpState}");
        s.Event("connected");
        s.Drain();
        s.Write(100);
        s.Out(". 1(100) ack 1");
        s.In(". 1 ack 101");
    });

    [Theory, Variants("SF", "SR", "SFR", "SRP")]
    public void A_SYN_with_contradicting_flags_opens_nothing(Variant variant, string flags) => Play(variant, s =>
    {
        s.Start();
        s.In($"{flags} 0 <mss 1000>");
        s.Drain();
        s.Check(s.SynsOffered == 0 && s.Stack.FlowCount == 0, "no host sends such a segment");
    });

    [Theory, Variants]
    [Trait("Threat", "21")]
    public void Connections_beyond_the_limit_of_a_peer_are_dropped_in_silence(Variant variant) => Play(variant, Script.Defaults with { MaximumFlowsPerPeer = 3 }, s =>
    {
        s.Start();
        for (ushort i = 0; i < 10; i++)
        {
            s.Another((ushort)(40_000 + i), s.PeerIsn);
            s.In("S 0 <mss 1000>");
            if (i < 3)
                s.Out("S. 0 ack 1");
            s.Nothing();
        }

        s.Check(s.Stack.Counters.Dropped(DropReason.FlowLimit) == 7, "they are counted");
    });
}
