namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>Data beyond a hole: bounded, exact, and the first bytes win (NETSTACK pitfalls P28 and P31).</summary>
[Trait("Pitfall", "P28")]
[Trait("Pitfall", "P24")]
public class OutOfOrderScripts : Scripts
{
    [Theory, Variants]
    public void More_holes_than_are_kept_cost_nothing_but_a_retransmission(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK");
        for (int i = 0; i < 200; i++)
        {
            s.In($". {101 + (i * 200)}(100) ack 1");
            s.Drain();
        }

        s.Check(s.Stack.BufferBytes <= 256 << 10, $"{s.Stack.BufferBytes} bytes for 20,000");
        s.Check(s.Stack.Counters.Dropped(DropReason.TooManyHoles) >= 136, "the rest was dropped and counted");
        for (int i = 0; i < 400; i++)
        {
            s.In($". {1 + (i * 100)}(100) ack 1");
            s.Drain();
        }

        s.Read(40_000);
        s.Drain();
    });

    [Theory, Variants]
    public void Where_bytes_differ_the_first_to_arrive_are_kept(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 101(100) ack 1");
        s.Out(". 1 ack 1");
        s.InPacket(s.Build(". 51(200) ack 1", packet => packet.AsSpan(^200).Slice(50, 100).Fill(0xEE)), ". 51(200) with other bytes from 101 to 200");
        s.Out(". 1 ack 1");
        s.In(". 1(50) ack 1");
        s.Out(". 1 ack 251");
        s.Read(250);
    });

    [Theory, Variants]
    public void What_was_acknowledged_is_never_overwritten(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        s.In(". 1(100) ack 1");
        s.Out(". 1 ack 101");
        s.InPacket(s.Build(". 1(200) ack 1", packet => packet.AsSpan(^200).Slice(0, 100).Fill(0xEE)), ". 1(200) with other bytes up to 100");
        s.Out(". 1 ack 201");
        s.Read(200);
    });

    [Theory, Variants]
    public void Segments_cut_anyhow_in_any_order_give_the_stream(Variant variant) => Play(variant, s =>
    {
        int seed = Seed.FromEnvironment();
        var random = new Random(seed);
        s.Establish("mss 1000, sackOK");
        s.AutoRead = true;
        long next = 1;
        for (int round = 0; round < 60; round++)
        {
            for (int i = 0; i < 40; i++)
            {
                long seq = Math.Max(-200, next - 300 + random.Next(4_000));
                s.In($". {seq}({random.Next(1, 900)}) ack 1");
                foreach (var sent in s.Drain())
                    next = Math.Max(next, sent.Ack!.Value);
            }

            s.In($". {next}(700) ack 1");
            foreach (var sent in s.Drain())
                next = Math.Max(next, sent.Ack!.Value);
        }

        s.Check(next > 40_000, $"KEYHOLE_SEED={seed}: only {next} bytes came through");
        s.Wait(600);
        s.Drain();
        s.Check(s.Flow.BytesReceived >= next - 1, $"KEYHOLE_SEED={seed}");
    });

    [Theory, Variants]
    public void Scattered_bytes_take_no_more_memory_than_the_window(Variant variant) => Play(variant, s =>
    {
        s.Establish("mss 1000, sackOK");
        for (int i = 0; i < 60; i++)
        {
            s.In($". {1_001 + (i * 1_000)}(1) ack 1");
            s.Drain();
        }

        s.Check(s.Stack.BufferBytes <= 160 << 10, $"{s.Stack.BufferBytes} bytes are kept for 60");
    });

    [Theory, Variants]
    [Trait("Pitfall", "P31")]
    public void A_fragment_is_not_TCP_but_its_datagram_is(Variant variant) => Play(variant, s =>
    {
        s.Establish();
        byte[] packet = s.Build(". 1(600) ack 1", _ => { });
        int transport = packet.Length - (s.Ipv6 ? 40 : 20);
        byte[] first = Wire.Fragment(packet, 0, 400, more: true), second = Wire.Fragment(packet, 400, transport - 400, more: false);
        s.InPacket(first, "the first fragment");
        s.InPacket(second, "the second fragment");
        s.Nothing();
        s.Check(s.Stack.Counters.Dropped(DropReason.Malformed) == 2, "a fragment is no segment");
        var reassembler = new Reassembler(new ReassemblerOptions());
        Assert.False(reassembler.TryAdd(PacketLog.Parse(second), Script.Peer, s.Now, out _));
        Assert.True(reassembler.TryAdd(PacketLog.Parse(first), Script.Peer, s.Now, out var whole));
        s.InPacket(whole.ToArray(), "both together");
        s.Out(". 1 ack 601");
        s.Read(600);
    });
}
