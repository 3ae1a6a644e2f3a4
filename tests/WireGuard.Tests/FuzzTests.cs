using Keyhole.Packets;
using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

/// <summary>Any bytes at the door: no exception, no answer longer than the question, no state moved.</summary>
[Trait("Threat", "1")]
public class FuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void Datagrams_of_every_length_and_type_are_dropped_in_silence()
    {
        using var pair = Pair.Established();
        var random = new Random(Seed.Take(output));
        byte[] buffer = new byte[1600];
        for (int length = 0; length <= buffer.Length; length++)
        {
            for (int type = 0; type < 8; type++)
            {
                random.NextBytes(buffer);
                if (length >= 4)
                    BitConverter.TryWriteBytes(buffer, type);
                var result = pair.B.Device.Receive(buffer.AsSpan(0, length), pair.A.Address, pair.Now);
                Assert.Equal((ReceiveKind.Dropped, (Peer?)null), (result.Kind, result.Peer));
                Assert.NotEqual(DropReason.None, result.DropReason);
            }
        }

        Assert.Empty(pair.B.Sent);
        Assert.Equal(1601 * 8, Enum.GetValues<DropReason>().Sum(pair.B.Device.DropCount));
    }

    [Fact]
    public void Damaged_cut_and_stretched_messages_of_a_live_pair_move_nothing_and_end_in_a_working_session()
    {
        int seed = Seed.Take(output);
        var random = new Random(seed);
        using var pair = new Pair(TimerSchedule.Keyhole);
        long spoofed = 0;
        for (int step = 0; step < 4000; step++)
        {
            pair.Now += random.Next(200_000);
            pair.A.Device.Tick(pair.Now);
            pair.B.Device.Tick(pair.Now);
            if (random.Next(3) == 0)
                Emit(pair.A, pair.PeerOfA, pair.B);
            if (random.Next(3) == 0)
                Emit(pair.B, pair.PeerOfB, pair.A);
            Mangle(pair.A, pair.B);
            Mangle(pair.B, pair.A);
        }

        Assert.True(spoofed > 1000, $"{spoofed}");
        pair.Now += 100_000_000;
        pair.A.Sent.Clear();
        pair.B.Sent.Clear();
        pair.Handshake();
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.SealAtA([1])).Kind);

        void Emit(Node from, Peer peer, Node to)
        {
            if (Inner.Seal(from.Device, peer, Inner.Packet(from.InnerAddress, to.InnerAddress, new byte[random.Next(100)]), pair.Now, out _) is { } datagram)
                from.Sent.Enqueue(new Datagram(from.Address, to.Address, datagram, peer));
        }

        void Mangle(Node from, Node to)
        {
            while (from.Sent.TryDequeue(out var datagram))
            {
                for (int i = 0; i < 3; i++)
                {
                    byte[] damaged = [.. datagram.Bytes];
                    switch (random.Next(3))
                    {
                        case 0:
                            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                            break;
                        case 1:
                            damaged = damaged[..random.Next(damaged.Length)];
                            break;
                        default:
                            damaged = [.. damaged, .. new byte[random.Next(1, 40)]];
                            break;
                    }

                    int before = to.Sent.Count;
                    var result = to.Device.Receive(damaged, new IpEndpoint(new IpAddress((uint)random.Next()), 1), pair.Now);
                    spoofed++;
                    // mac2 is not looked at without load: its bits may differ.
                    bool isHarmless = result.Kind == ReceiveKind.Handshake && damaged.Length == datagram.Bytes.Length && damaged.AsSpan()[..^16].SequenceEqual(datagram.Bytes.AsSpan()[..^16]);
                    if (!isHarmless)
                    {
                        Assert.True(result is { Kind: ReceiveKind.Dropped, Peer: null }, $"seed {seed}: {result}");
                        Assert.Equal(before, to.Sent.Count);
                    }
                }

                if (random.Next(10) != 0)
                    to.Device.Receive(datagram.Bytes, from.Address, pair.Now);
            }
        }
    }
}
