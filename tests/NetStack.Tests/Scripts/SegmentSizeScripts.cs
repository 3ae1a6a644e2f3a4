using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>How large segments are: RFC 6691, and what ICMP may change about it (RFC 5927, RFC 8201).</summary>
[Trait("Pitfall", "P22")]
[Trait("Pitfall", "P24")]
public class SegmentSizeScripts : Scripts
{
    [Theory, Variants]
    public void We_offer_what_the_tunnel_carries_whatever_other_options_take(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Modern}>");
        s.Out($"S. 0 ack 1 <mss {s.OurMss}, sackOK, ws 7, ts * *>");
        s.In(". 1 ack 1");
    });

    [Theory, Variants]
    public void A_connect_offers_everything(Variant variant) => Play(variant, s =>
    {
        s.Start();
        var flow = s.Stack.Connect(s.Key.Reverse(), Script.Peer, s.Now);
        s.Flush();
        var syn = s.Out($"S 0 <mss {s.OurMss}, sackOK, ws 7, ts * 0>");
        s.Check(flow is not null && syn.Window >= 60_000, "the window of a SYN is not scaled");
    });

    [Theory, Variants]
    public void The_smaller_of_both_offers_counts(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1460");
        s.Write(5_000);
        s.Check(s.Drain()[0].Length == s.OurMss, "the tunnel carries no more");
        s.In(". 1 ack 5001");
    });

    [Theory, Variants]
    public void Timestamps_take_twelve_bytes_of_every_segment(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1460, ts now 0");
        s.Write(5_000);
        var sent = s.Drain();
        s.Check(sent[0].Length == s.OurMss - 12, $"{sent[0].Length} bytes");
        s.Check(sent.TrueForAll(segment => segment.Parsed.HasTimestamps), "RFC 7323 section 3.2: every segment has them");
        s.In(". 1 ack 5001");
    });

    [Theory, Variants]
    public void Without_an_offer_the_default_of_the_family_counts(Variant variant) => Play(variant, s =>
    {
        s.Establish("sackOK");
        s.Write(5_000);
        s.Check(s.Drain()[0].Length == (s.Ipv6 ? 1_220 : 536), "RFC 9293 section 3.7.1");
        s.In(". 1 ack 5001");
    });

    [Theory, Variants(0, 1, 48)]
    [Trait("Pitfall", "P19")]
    public void An_absurd_offer_is_not_taken_at_its_word(Variant variant, int mss) => Play(variant, s =>
    {
        s.Establish($"mss {mss}");
        s.Write(500);
        s.Check(s.Drain()[0].Length >= 88, "CVE-2019-11479");
        s.In(". 1 ack 501");
    });

    [Theory, Variants]
    public void The_mtu_is_an_option(Variant variant) => Play(variant, Script.Defaults with { Mtu = 1_280 }, s =>
    {
        s.Establish("mss 1460");
        s.Write(5_000);
        s.Check(s.Drain()[0].Length == 1_280 - (s.Ipv6 ? 60 : 40), "1,280 bytes with headers");
        s.In(". 1 ack 5001");
    });

    /// <summary>Not the SYN, which offers what there may come to be, but every segment.</summary>
    [Theory, Variants]
    public void Segments_follow_what_the_way_carries(Variant variant) => Play(variant, s =>
    {
        int header = s.Ipv6 ? 60 : 40;
        s.Way = new FlowMtu(1_280, 1_420);
        s.Establish("mss 1460", rtt: 50);
        s.Write(20_000);
        s.Check(s.Drain()[0].Length == 1_280 - header, "1,280 bytes with headers");
        s.Way = new FlowMtu(1_420, 1_420);
        s.In($". 1 ack {1 + (2 * (1_280 - header))}");
        s.Check(s.Drain()[0].Length == 1_420 - header, "it carries more now");
        s.In(". 1 ack 20001");
        s.Drain();
    });

    [Theory, Variants]
    public void A_way_that_narrows_costs_the_flow_one_round_trip(Variant variant) => Play(variant, s =>
    {
        int header = s.Ipv6 ? 60 : 40;
        s.Establish("mss 1460", rtt: 50);
        s.Write(5_000);
        s.Check(s.Drain()[0].Length == s.OurMss, "all that there is");
        int window = s.Flow.CongestionWindow;
        s.Way = new FlowMtu(1_300, 1_420);
        s.Stack.PathChanged(Script.Peer + 1);
        s.Flush();
        s.Nothing();
        s.Stack.PathChanged(Script.Peer);
        s.Flush();
        var sent = s.Drain();
        s.Check(sent.Count > 0 && sent.TrueForAll(segment => segment.Length <= 1_300 - header), "what was too long is sent again at once, in shorter segments");
        s.Check(s.Flow.CongestionWindow == window, "that is no congestion");
        s.In(". 1 ack 5001");
        s.Drain();
    });

    [Theory, Variants]
    public void A_SYN_offers_what_the_way_may_come_to_carry(Variant variant) => Play(variant, s =>
    {
        s.Way = new FlowMtu(1_280, 1_300);
        s.Start();
        s.In("S 0 <mss 1460>");
        s.Check(s.Out("S. 0 ack 1").Parsed.MaximumSegmentSize == 1_300 - (s.Ipv6 ? 60 : 40), "1,300 bytes with headers");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P23")]
    public void Packet_too_big_about_a_segment_in_flight_makes_segments_smaller(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1460", rtt: 50);
        s.Write(5_000);
        int old = s.Drain()[0].Length;
        s.InPacket(Error(s, IcmpErrorKind.PacketTooBig, 1_300, seq: 1), "packet too big, 1300");
        s.Check(s.Flow.SegmentSize == 1_300 - (s.Ipv6 ? 60 : 40), $"segments of {s.Flow.SegmentSize}, before {old}");
        s.Wait(1_000);
        var sent = s.Drain();
        s.Check(sent.Count > 0 && sent.TrueForAll(segment => segment.Length <= 1_300 - (s.Ipv6 ? 60 : 40)), "what was too big is sent again in smaller segments");
        s.In(". 1 ack 5001");
        s.Drain();
    });

    [Theory, Variants(-1_000, 5_001, 100_000)]
    [Trait("Pitfall", "P23")]
    [Trait("Threat", "18")]
    public void Packet_too_big_about_what_is_not_in_flight_is_an_attack(Variant variant, int seq) => Play(variant, s =>
    {
        s.Establish("mss 1460", rtt: 50);
        s.Write(5_000);
        s.Drain();
        s.InPacket(Error(s, IcmpErrorKind.PacketTooBig, 1_280, seq), "packet too big, forged");
        s.Check(s.Flow.SegmentSize == s.OurMss, "RFC 5927 section 4.1");
        s.Check(s.Stack.Counters.Dropped(DropReason.ForeignIcmp) == 1, "it is counted");
        s.In(". 1 ack 5001");
    });

    [Theory, Variants(0, 68, 300, 1_500)]
    [Trait("Pitfall", "P23")]
    public void An_absurd_mtu_has_no_absurd_effect(Variant variant, int mtu) => Play(variant, s =>
    {
        s.Establish("mss 1460", rtt: 50);
        s.Write(5_000);
        s.Drain();
        s.InPacket(Error(s, IcmpErrorKind.PacketTooBig, mtu, seq: 1), "packet too big, absurd");
        int least = s.Ipv6 ? 1_220 : 400;
        s.Check(s.Flow.SegmentSize >= least && s.Flow.SegmentSize <= s.OurMss, $"segments of {s.Flow.SegmentSize}");
        s.Drain();
        s.In(". 1 ack 5001");
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P23")]
    public void Unreachable_is_a_hint_once_the_connection_stands(Variant variant) => Play(variant, s =>
    {
        s.Establish(rtt: 50);
        s.Write(1_000);
        s.Drain();
        foreach (var kind in new[] { IcmpErrorKind.HostUnreachable, IcmpErrorKind.NetworkUnreachable, IcmpErrorKind.PortUnreachable, IcmpErrorKind.AdministrativelyProhibited })
            s.InPacket(Error(s, kind, 0, seq: 1), kind.ToString());
        s.Check(s.Flow.TcpState == TcpState.Established && s.Events.Count == 0, "RFC 5927 section 5.2: a soft error");
        s.In(". 1 ack 1001");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P23")]
    public void Unreachable_ends_a_connect(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.InPacket(Error(s, IcmpErrorKind.HostUnreachable, 0, seq: 77), "unreachable, forged");
        s.Check(s.Events.Count == 0, "it quotes another number");
        s.InPacket(Error(s, IcmpErrorKind.HostUnreachable, 0, seq: 0), "unreachable");
        s.Check(s.Events.Contains("closed Unreachable"), "the host is told");
        s.Quiet(5_000);
    });

    [Theory, Variants]
    [Trait("Pitfall", "P23")]
    public void Full_segments_that_vanish_become_smaller(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1460", rtt: 50);
        s.Write(1_000);
        s.Drain();
        s.Wait(50);
        s.In(". 1 ack 1001");
        s.Write(10_000);
        s.Drain();

        // Two expirations of the timer, each of a full segment: RFC 4821 by the simplest means.
        int last = 0;
        for (int i = 0; i < 6; i++)
        {
            s.Wait(1_000);
            foreach (var sent in s.Drain())
                last = sent.Length;
        }

        s.Check(last is > 0 and <= 1_220, $"after six seconds segments still have {last} bytes");
        s.In(". 1 ack 11001");
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P23")]
    public void Unreachable_about_another_connection_changes_nothing(Variant variant) => Play(variant, s =>
    {
        s.StartConnect();
        s.TargetPort++;
        byte[] foreign = Error(s, IcmpErrorKind.HostUnreachable, 0, seq: 0);
        s.TargetPort--;
        s.InPacket(foreign, "unreachable, of another flow");
        s.Check(s.Events.Count == 0, "the connect goes on");
        s.In("S. 0 ack 1 <mss 1000>");
        s.Out(". 1 ack 1");
    });

    private static byte[] Error(Script s, IcmpErrorKind kind, int mtu, long seq)
    {
        int ip = s.Ipv6 ? 40 : 20;
        byte[] quoted = new byte[ip + TcpHeader.MinimumLength];
        IpHeader.Write(quoted, s.TargetAddress, s.PeerAddress, IpProtocol.Tcp, TcpHeader.MinimumLength);
        TcpHeader.Write(quoted.AsSpan(ip), s.TargetPort, s.PeerPort, s.OurIsn + (uint)seq, s.PeerIsn + 1, TcpFlags.Ack, 500, default);
        byte[] packet = new byte[IcmpError.MaximumLength];
        Assert.True(IpView.TryParse(quoted, out var offending));
        Assert.True(IcmpError.TryWrite(packet, offending, s.PeerAddress, kind, mtu, out int length));
        return packet[..length];
    }
}
