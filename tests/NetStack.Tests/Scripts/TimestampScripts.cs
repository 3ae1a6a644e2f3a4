using System.Globalization;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>Timestamps and protection against wrapped sequence numbers (RFC 7323 sections 3 to 5).</summary>
[Trait("Pitfall", "P25")]
[Trait("Pitfall", "P24")]
public class TimestampScripts : Scripts
{
    private const string Stamped = "mss 1000, sackOK, ts 1000 0";

    [Theory, Variants]
    public void Every_segment_echoes_the_newest_in_sequence(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1 <ts * 1000>");
        s.In(". 1 ack 1 <ts 1001 last>");
        s.In(". 1(100) ack 1 <ts 1002 last>");
        s.Out(". 1 ack 101 <ts * 1002>");
        s.Write(10);
        s.Out(". 1(10) ack 101 <ts * 1002>");
        s.In("F. 101 ack 11 <ts 1003 last>");
        s.Out(". 11 ack 102 <ts * 1003>");
        s.CloseSend();
        s.Out("F. 11 ack 102 <ts * 1003>");
        s.Read(100);
        s.In(". 102 ack 12 <ts 1004 last>");
    });

    [Theory, Variants]
    public void An_older_timestamp_is_dropped_and_acknowledged(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 5000 last>");
        s.In(". 1(100) ack 1 <ts 4999 last>");
        s.Out(". 1 ack 1 <ts * 5000>");
        s.Check(s.Flow.ReceiveLength == 0, "RFC 7323 section 5.3 R1");
        s.Check(s.Stack.Counters.Dropped(DropReason.Paws) == 1, "it is counted");
        s.In(". 1(100) ack 1 <ts 5000 last>");
        s.Out(". 1 ack 101");
        s.ReadAll();
    });

    [Theory, Variants]
    public void A_reset_is_exempt(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 5000 last>");
        s.Events.Clear();
        s.In("R 1 <ts 1 last>");
        s.Event("reset");
    });

    [Theory, Variants]
    public void Data_beyond_a_hole_does_not_change_the_echo(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 2000 last>");
        s.In(". 1001(1000) ack 1 <ts 3000 last>");
        s.Out(". 1 ack 1 <ts * 2000>");
        s.In(". 2001(1000) ack 1 <ts 3001 last>");
        s.Out(". 1 ack 1 <ts * 2000>");
        s.In(". 1(1000) ack 1 <ts 3500 last>");
        s.Out(". 1 ack 3001 <ts * 3500>");
        s.ReadAll();
    });

    [Theory, Variants]
    public void A_delayed_acknowledgement_echoes_the_earliest(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 2000 last>");
        s.In(". 1(1000) ack 1 <ts 2100 last>", ". 1001(1000) ack 1 <ts 2101 last>", ". 2001(1000) ack 1 <ts 2102 last>");
        s.Out(". 1 ack 3001 <ts * 2100>");
        s.ReadAll();
    });

    [Theory, Variants]
    public void Numbers_may_wrap(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In("S 0 <mss 1000, ts 4294967290 0>");
        s.Out("S. 0 ack 1 <ts * 4294967290>");
        s.In(". 1 ack 1 <ts 4294967295 last>");
        s.In(". 1(100) ack 1 <ts 3 last>");
        s.Out(". 1 ack 101 <ts * 3>");
        s.In(". 101(100) ack 1 <ts 4294967295 last>");
        s.Out(". 1 ack 101 <ts * 3>");
        s.In(". 101(100) ack 1 <ts 2147483000 last>");
        s.Out(". 1 ack 201 <ts * 2147483000>");
        s.ReadAll();
    });

    [Theory, Variants]
    public void After_24_idle_days_any_timestamp_is_taken(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 2000000000 last>");
        s.In(". 1(100) ack 1 <ts 2000000001 last>");
        s.Out(". 1 ack 101");
        s.ReadAll();
        s.Quiet(25L * 24 * 3_600_000);
        string late = unchecked((uint)(2_000_000_001 - 1_000_000)).ToString(CultureInfo.InvariantCulture);
        s.In($". 101(100) ack 1 <ts {late} last>");
        s.Out($". 1 ack 201 <ts * {late}>");
        s.ReadAll();
    });

    [Theory, Variants]
    public void Timestamps_that_were_not_agreed_upon_are_ignored(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1 <ts 9 9>");
        s.Out(". 1 ack 101 <no ts>");
        s.In(". 101(100) ack 1 <ts 3 9>");
        s.Out(". 1 ack 201 <no ts>");
        s.ReadAll();
    });

    [Theory, Variants]
    public void Timestamps_can_be_turned_off(Variant variant) => Play(variant, Script.Defaults with { Timestamps = false }, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1 <no ts>");
        s.In(". 1 ack 1");
    });

    [Theory, Variants]
    public void A_keepalive_with_an_old_number_is_answered_and_updates_the_echo(Variant variant) => Play(variant, s =>
    {
        s.Start();
        s.In($"S 0 <{Stamped}>");
        s.Out("S. 0 ack 1");
        s.In(". 1 ack 1 <ts 2000 last>");
        s.In(". 0 ack 1 <ts 2500 last>");
        s.Check(s.Drain() is [{ Ack: 1 }], "the probe is answered");
    });

    [Theory, Variants]
    public void Our_clock_advances_in_every_segment(Variant variant) => Play(variant, s =>
    {
        s.Establish(Modern, window: 512);
        uint last = s.LastTimestamp;
        for (int i = 0; i < 20; i++)
        {
            s.Wait(50);
            s.Write(10);
            uint value = s.Drain()[^1].Parsed.TimestampValue;
            s.Check(value - last is > 0 and < 1_000_000, $"TSval went from {last} to {value} in 50 ms");
            last = value;
            s.In($". 1 ack {11 + (i * 10)}");
        }
    });
}
