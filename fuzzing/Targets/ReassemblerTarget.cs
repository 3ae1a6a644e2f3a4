using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Fragments in any order, overlapping, lying about their place: what comes out whole is a valid packet without a fragment in it.</summary>
internal sealed class ReassemblerTarget : IFuzzTarget
{
    private static readonly ReassemblerOptions Options = new() { MaximumDatagrams = 4, MaximumDatagramsPerPeer = 2, Timeout = 30_000_000 };

    public string Name => "reassembler";

    public string Door => "operation sequences on Reassembler: fragments, time, removed peers";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            byte[] first4 = Block(SamplePackets.Fragment4(0, true, 16));
            byte[] last4 = Block(SamplePackets.Fragment4(16, false, 5));
            yield return ("ipv4-in-order", [.. first4, .. last4]);
            yield return ("ipv4-reversed", [.. last4, .. first4]);
            yield return ("ipv4-overlap", [.. first4, .. Block(SamplePackets.Fragment4(8, true, 16)), .. last4]);
            yield return ("ipv4-duplicate", [.. first4, .. first4, .. last4]);
            yield return ("ipv4-teardrop", [.. Block(SamplePackets.Fragment4(0, true, 24)), .. Block(SamplePackets.Fragment4(8, false, 4))]);
            yield return ("ipv4-ping-of-death", [.. Block(SamplePackets.Fragment4(65_528, false, 40)), .. first4]);
            yield return ("ipv6-in-order", [.. Block(SamplePackets.Fragment6(0, true, 16)), .. Block(SamplePackets.Fragment6(16, false, 5))]);
            yield return ("timeout", [.. first4, 1, 0, 31, .. last4]);
        }
    }

    public void Repair(Span<byte> input)
    {
        // Block by block: each is a packet whose lengths and header checksum are made right.
        for (int at = 0; at + 3 <= input.Length && input[at] % 4 == 0;)
        {
            int length = Math.Min(input[at + 1] << 8 | input[at + 2], input.Length - at - 3);
            SamplePackets.Repair(input.Slice(at + 3, length));
            at += 3 + length;
        }
    }

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        var reassembler = new Reassembler(Options);
        var reader = new OperationReader(input);
        long now = 0;
        int peer = 0;
        for (int i = 0; i < 100 && !reader.IsEmpty; i++)
        {
            switch (reader.Byte() % 4)
            {
                case 0:
                    Add(reassembler, reader.Block(), peer, now, ref outcome);
                    break;
                case 1:
                    now += reader.UInt16() * 1_000_000L;
                    reassembler.Tick(now);
                    Promise.Holds(reassembler.NextDeadline > now);
                    break;
                case 2:
                    peer = reader.Byte() % 3;
                    break;
                default:
                    reassembler.RemovePeer(peer);
                    break;
            }

            Promise.Holds(reassembler.Count <= Options.MaximumDatagrams);
        }

        outcome.AddScale(reassembler.Reassembled);
        outcome.AddScale(reassembler.Overlapped);
        outcome.AddScale(reassembler.Evicted);
        outcome.AddScale(reassembler.TimedOut);
        return outcome.Value;
    }

    private static byte[] Block(byte[] packet) => [0, .. OperationReader.WriteBlock(packet)];

    private static void Add(Reassembler reassembler, Span<byte> bytes, int peer, long now, ref Outcome outcome)
    {
        if (!IpView.TryParse(bytes, out var fragment) || !fragment.IsFragment)
            return;
        if (!reassembler.TryAdd(fragment, peer, now, out var whole))
            return;
        Promise.Holds(whole.Length <= ushort.MaxValue + Ipv6Header.Length);
        if (IpView.TryParse(whole, out var packet))
        {
            Promise.Holds(!packet.IsFragment);
            Promise.Holds(packet.TotalLength == whole.Length);
            Promise.Holds(packet.Source == fragment.Source && packet.Destination == fragment.Destination);
        }

        outcome.AddScale(whole.Length);
    }
}
