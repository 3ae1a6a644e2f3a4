using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

/// <summary>A batch gives what its datagrams or packets give one by one.</summary>
public class BatchTests(ITestOutputHelper output)
{
    [Fact]
    public void Batches_receive_what_single_datagrams_would()
    {
        int seed = Seed.Take(output);
        for (int round = 0; round < 30; round++)
        {
            var (singles, expected, expectedBuffer) = Receive(seed + round, asBatch: false);
            var (batched, actual, actualBuffer) = Receive(seed + round, asBatch: true);
            using (singles)
            using (batched)
            {
                Assert.Equal(expected.Select(result => result with { Peer = null }), actual.Select(result => result with { Peer = null }));
                Assert.Equal(expected.Select(result => result.Peer?.PublicKey), actual.Select(result => result.Peer?.PublicKey));
                Assert.Equal(expected.Count(result => result.Kind == ReceiveKind.Packet), actual.Count(result => result.Kind == ReceiveKind.Packet));
                for (int i = 0; i < expected.Length; i++)
                    if (expected[i].Kind == ReceiveKind.Packet)
                        Assert.Equal(expectedBuffer[i], actualBuffer[i]);
                foreach (var reason in Enum.GetValues<DropReason>())
                    Assert.Equal(singles.B.Device.DropCount(reason), batched.B.Device.DropCount(reason));
                Assert.Equal(singles.B.Sent.Select(datagram => Convert.ToHexString(datagram.Bytes)), batched.B.Sent.Select(datagram => Convert.ToHexString(datagram.Bytes)));
                Assert.Equal(singles.B.Device.NextDeadline, batched.B.Device.NextDeadline);
                Assert.Equal(singles.PeerOfB.ReceivedBytes, batched.PeerOfB.ReceivedBytes);
            }
        }
    }

    [Fact]
    public void Batches_seal_what_single_packets_would()
    {
        var random = new Random(Seed.Take(output));
        using var singles = Pair.Established();
        using var batched = Pair.Established();
        foreach (int count in new[] { 0, 1, 63, 64, 65, 200 })
        {
            byte[] buffer = new byte[count * 2000];
            random.NextBytes(buffer);
            byte[] expected = [.. buffer];
            var slots = Enumerable.Range(0, count).Select(i => new PacketSlot(i * 2000, random.Next(0, 1421))).ToArray();
            var results = new SealResult[count];
            batched.A.Device.Seal(batched.PeerOfA, buffer, slots, results, batched.Now);
            for (int i = 0; i < count; i++)
                Assert.Equal(singles.A.Device.Seal(singles.PeerOfA, expected.AsSpan(slots[i].Offset, 2000), slots[i].Length, singles.Now), results[i]);
            Assert.Equal(expected, buffer);
            Assert.Equal(singles.PeerOfA.SentBytes, batched.PeerOfA.SentBytes);
        }
    }

    [Fact]
    public void A_batch_without_a_session_is_staged_and_one_beyond_the_counters_is_split()
    {
        byte[] buffer = new byte[10 * 100];
        var slots = Enumerable.Range(0, 10).Select(i => new PacketSlot(i * 100, 20)).ToArray();
        var results = new SealResult[10];
        using var fresh = new Pair();
        fresh.A.Device.Seal(fresh.PeerOfA, buffer, slots, results, fresh.Now);
        Assert.All(results, result => Assert.Equal(SealKind.Staged, result.Kind));
        Assert.Equal(10, fresh.PeerOfA.StagedCount);
        Assert.Single(fresh.A.Sent);

        using var used = Pair.Established();
        used.PeerOfA.Current!.SendCounter = TimerSchedule.Paper.RejectAfterMessages - 4;
        used.A.Device.Seal(used.PeerOfA, buffer, slots, results, used.Now);
        Assert.Equal(4, results.Count(result => result.Kind == SealKind.Sealed));
        Assert.All(results[4..], result => Assert.Equal(SealKind.Staged, result.Kind));
        Assert.Equal(TimerSchedule.Paper.RejectAfterMessages - 1, results[3].Counter);
    }

    [Fact]
    public void Slots_and_datagrams_outside_the_buffer_throw_before_anything_happens()
    {
        using var pair = Pair.Established();
        byte[] buffer = new byte[200];
        var sealing = new SealResult[2];
        var receiving = new ReceiveResult[2];
        foreach (var slot in new[] { new PacketSlot(-1, 10), new PacketSlot(0, -1), new PacketSlot(100, 69), new PacketSlot(int.MaxValue, 1) })
            Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(pair.PeerOfA, buffer, [new PacketSlot(0, 1), slot], sealing, 0));
        foreach (var (offset, length) in new[] { (-1, 10), (0, -1), (100, 101), (int.MaxValue, 1) })
            Assert.Throws<ArgumentException>(() => pair.A.Device.Receive(buffer, [new ReceivedDatagram(offset, length, default)], receiving, 0));
        Assert.Throws<ArgumentException>(() => pair.A.Device.Receive(buffer, new ReceivedDatagram[3], receiving, 0));
        Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(pair.PeerOfA, buffer, new PacketSlot[3], sealing, 0));
        Assert.Equal(1ul, pair.PeerOfA.Current!.SendCounter);
    }

    [Fact]
    public void Batches_allocate_nothing()
    {
        using var pair = Pair.Established();
        byte[] packet = Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, new byte[1000]);
        byte[] buffer = new byte[64 * 1100];
        var slots = new PacketSlot[64];
        var datagrams = new ReceivedDatagram[64];
        var sealing = new SealResult[64];
        var receiving = new ReceiveResult[64];
        Exchange(50);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(100_000 / 64);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Exchange(int count)
        {
            for (int batch = 0; batch < count; batch++)
            {
                for (int i = 0; i < 64; i++)
                {
                    slots[i] = new PacketSlot(i * 1100, packet.Length);
                    packet.CopyTo(buffer, i * 1100 + 16);
                }

                pair.A.Device.Seal(pair.PeerOfA, buffer, slots, sealing, pair.Now += 10);
                for (int i = 0; i < 64; i++)
                    datagrams[i] = new ReceivedDatagram(i * 1100, sealing[i].Length, pair.A.Address);
                pair.B.Device.Receive(buffer, datagrams, receiving, pair.Now);
                foreach (ref var result in receiving.AsSpan())
                    if (result.Kind != ReceiveKind.Packet)
                        Assert.Fail($"{result}");
            }
        }
    }

    /// <summary>The same datagrams, made by the same seed: of two sessions of one peer, of another peer, damaged, doubled, handshakes and noise.</summary>
    private static (Pair Pair, ReceiveResult[] Results, byte[][] Datagrams) Receive(int seed, bool asBatch)
    {
        var random = new Random(seed);
        var pair = Pair.Established();
        using var third = new Node(3);
        var peerOfThird = third.AddPeer(pair.B);
        pair.B.AddPeer(third);
        third.Device.InitiateHandshake(peerOfThird, pair.B.Address, pair.Now);
        pair.B.Receive(third.TakeOnly(), third, pair.Now);
        third.Receive(pair.B.TakeOnly(), pair.B, pair.Now);
        third.Sent.Clear();
        var made = new List<(Node From, byte[] Bytes)>();
        for (int i = 0; i < 300; i++)
        {
            switch (random.Next(30))
            {
                case < 20:
                    made.Add((pair.A, pair.SealAtA(new byte[random.Next(200)])));
                    break;
                case < 24:
                    made.Add((third, Inner.Seal(third.Device, peerOfThird, Inner.Packet(third.InnerAddress, pair.B.InnerAddress, [1]), pair.Now, out _)!));
                    break;
                case 24 when made.Count > 0:
                    made.Add((pair.A, [.. made[random.Next(made.Count)].Bytes]));
                    break;
                case 25:
                    byte[] damaged = pair.SealAtA([1]);
                    damaged[random.Next(damaged.Length)] ^= 1;
                    made.Add((pair.A, damaged));
                    break;
                case 26:
                    byte[] noise = new byte[random.Next(200)];
                    random.NextBytes(noise);
                    made.Add((third, noise));
                    break;
                case 27:
                    made.Add((pair.A, Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(third.InnerAddress, pair.B.InnerAddress, [1]), pair.Now, out _)!));
                    break;
                case 28:
                    made.Add((pair.A, Inner.Seal(pair.A.Device, pair.PeerOfA, [], pair.Now, out _)!));
                    break;
                default:
                    pair.Now += 6_000_000;
                    pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
                    made.Add((pair.A, pair.A.Sent.Last().Bytes));
                    pair.A.Sent.Clear();
                    break;
            }
        }

        byte[] buffer = new byte[made.Sum(datagram => datagram.Bytes.Length)];
        var datagrams = new ReceivedDatagram[made.Count];
        int offset = 0;
        for (int i = 0; i < made.Count; i++)
        {
            made[i].Bytes.CopyTo(buffer, offset);
            datagrams[i] = new ReceivedDatagram(offset, made[i].Bytes.Length, made[i].From.Address);
            offset += made[i].Bytes.Length;
        }

        var results = new ReceiveResult[made.Count];
        if (asBatch)
            pair.B.Device.Receive(buffer, datagrams, results, pair.Now);
        else
            for (int i = 0; i < made.Count; i++)
                results[i] = pair.B.Device.Receive(buffer.AsSpan(datagrams[i].Offset, datagrams[i].Length), datagrams[i].Source, pair.Now);
        return (pair, results, [.. datagrams.Select(datagram => buffer.AsSpan(datagram.Offset, datagram.Length).ToArray())]);
    }
}
