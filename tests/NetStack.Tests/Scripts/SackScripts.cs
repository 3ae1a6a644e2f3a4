namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>What the stack says about data beyond a hole: SACK (RFC 2018) and D-SACK (RFC 2883).</summary>
[Trait("Pitfall", "P18")]
[Trait("Pitfall", "P24")]
public class SackScripts : Scripts
{
    private const string Sack = "mss 1000, sackOK";

    [Theory, Variants]
    public void Without_the_option_of_the_peer_no_block_is_sent(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <no sack>");
    });

    [Theory, Variants]
    public void SACK_can_be_turned_off(Variant variant) => Play(variant, Script.Defaults with { SelectiveAcknowledgement = false }, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000, sackOK>");
        s.Out("S. 0 ack 1 <no sackOK>");
        s.In(". 1 ack 1");
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <no sack>");
    });

    [Theory, Variants]
    public void The_first_block_is_the_newest(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3001>");
        s.In(". 4001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 4001:5001 2001:3001>");
        s.In(". 6001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 6001:7001 4001:5001 2001:3001>");
        s.In(". 8001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 8001:9001 6001:7001 4001:5001 2001:3001>");
        s.In(". 10001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 10001:11001 8001:9001 6001:7001 4001:5001>");
        s.In(". 3001(500) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3501 10001:11001 8001:9001 6001:7001>");
    });

    [Theory, Variants]
    public void Beside_timestamps_there_is_room_for_three(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK, ts now 0");
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3001, ts * *>");
        s.In(". 4001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 4001:5001 2001:3001, ts * *>");
        s.In(". 6001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 6001:7001 4001:5001 2001:3001, ts * *>");
        s.In(". 8001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 8001:9001 6001:7001 4001:5001, ts * *>");
    });

    [Theory, Variants]
    public void Blocks_that_meet_become_one_and_vanish_when_the_hole_is_filled(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3001>");
        s.In(". 4001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 4001:5001 2001:3001>");
        s.In(". 3001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:5001>");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001 <sack 2001:5001>");
        s.In(". 1001(1000) ack 1");
        s.Out(". 1 ack 5001 <no sack>");
        s.Read(5_000);
        s.Drain();
    });

    [Theory, Variants]
    public void A_duplicate_below_the_window_is_reported(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001 <sack 1:1001>");
        s.In(". 1001(1000) ack 1");
        s.Out(". 1 ack 2001 <no sack>");
        s.Read(2_000);
    });

    [Theory, Variants]
    public void A_duplicate_above_a_hole_is_reported_before_its_block(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3001>");
        s.In(". 3001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:4001>");
        s.In(". 2001(1000) ack 1");
        s.Out(". 1 ack 1 <sack 2001:3001 2001:4001>");
    });

    [Theory, Variants]
    public void A_partly_old_segment_reports_its_old_part(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.In(". 1(1000) ack 1");
        s.Out(". 1 ack 1001");
        s.In(". 501(1000) ack 1");
        s.Out(". 1 ack 1501 <sack 501:1001>");
        s.Read(1_500);
    });

    [Theory, Variants]
    public void Holes_are_told_even_when_data_is_sent(Variant variant) => Play(variant, s =>
    {
        s.Establish(Sack);
        s.Queue(500);
        s.In(". 2001(1000) ack 1");
        s.Check(s.Drain().Exists(sent => s.Describe(sent.Parsed).Contains("sack 2001:3001")), "RFC 2018 section 4: blocks are in every acknowledgement that leaves a hole");
        s.Queue(500);
        s.In(". 2001(1000) ack 501");
        s.Check(s.Drain().Exists(sent => s.Describe(sent.Parsed).Contains("sack 2001:3001 2001:3001")), "RFC 2883: so are duplicates");
        s.In(". 1(2000) ack 1001");
        s.Drain();
        s.ReadAll();
    });
}
