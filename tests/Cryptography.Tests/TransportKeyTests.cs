using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

public unsafe class TransportKeyTests(ITestOutputHelper output)
{
    [Fact]
    public void A_packet_opens_to_what_was_sealed()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 300; round++)
        {
            byte[] keyBytes = random.Bytes(32), text = random.Bytes(random.Next(2000));
            ulong counter = random.Counter();
            using var key = new TransportKey(keyBytes);
            byte[] buffer = [.. text, .. new byte[16 + 7]];
            buffer.AsSpan(text.Length).Fill(0xA5);
            key.Seal(counter, buffer, text.Length);
            Assert.Equal(Reference.Seal(keyBytes, counter, text), buffer[..(text.Length + 16)]);
            Assert.All(buffer[(text.Length + 16)..], b => Assert.Equal(0xA5, b));
            Assert.True(key.Open(counter, buffer.AsSpan(0, text.Length + 16)));
            Assert.Equal(text, buffer[..text.Length]);
        }
    }

    [Fact]
    public void A_batch_gives_what_its_packets_give_one_by_one()
    {
        var random = new SeededRandom(output);
        for (int round = 0; round < 100; round++)
        {
            byte[] keyBytes = random.Bytes(32);
            using var key = new TransportKey(keyBytes);
            int count = random.Next(70), longest = random.Next(3) switch { 0 => 100, 1 => 500, _ => 1600 };
            byte[] buffer = random.Bytes(count * (longest + 40) + 1), plain = [.. buffer];
            var packets = new TransportPacket[count];
            for (int i = 0, offset = random.Next(2); i < count; i++)
            {
                packets[i] = new TransportPacket(offset, random.Next(longest + 1), random.Counter());
                offset += packets[i].Length + 16 + random.Next(20);
            }
            key.Seal(buffer, packets);
            foreach (ref var packet in packets.AsSpan())
            {
                Assert.Equal(Reference.Seal(keyBytes, packet.Counter, plain.AsSpan(packet.Offset, packet.Length)), buffer[packet.Offset..(packet.Offset + packet.Length + 16)]);
                packet.Length += 16;
            }

            var forged = new HashSet<int>(Enumerable.Range(0, count).Where(_ => random.Next(4) == 0));
            foreach (int i in forged)
                buffer[packets[i].Offset + random.Next(packets[i].Length)] ^= (byte)(1 << random.Next(8));
            Assert.Equal(count - forged.Count, key.Open(buffer, packets));
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(!forged.Contains(i), packets[i].IsAuthentic);
                if (packets[i].IsAuthentic)
                    Assert.Equal(plain.AsSpan(packets[i].Offset, packets[i].Length - 16).ToArray(), buffer.AsSpan(packets[i].Offset, packets[i].Length - 16).ToArray());
            }
        }
    }

    [Fact]
    [Trait("Threat", "1")]
    public void Every_flipped_bit_is_refused()
    {
        using var key = new TransportKey(Hex.Ramp(32));
        byte[] good = [.. Hex.Ramp(100), .. new byte[16]];
        key.Seal(9, good, 100);
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.Open(9, bad));
        }
        Assert.False(key.Open(8, [.. good]));
        Assert.True(key.Open(9, good));
    }

    [Fact]
    [Trait("Threat", "1")]
    public void What_is_shorter_than_a_tag_is_refused()
    {
        using var key = new TransportKey(Hex.Ramp(32));
        for (int length = 0; length < 16; length++)
            Assert.False(key.Open(0, new byte[length]));
        var packets = new TransportPacket[] { new(0, 15, 0), new(0, 0, 0) { IsAuthentic = true } };
        Assert.Equal(0, key.Open(new byte[15], packets));
        Assert.All(packets, packet => Assert.False(packet.IsAuthentic));
    }

    [Fact]
    public void Callers_faults_throw_before_anything_is_sealed()
    {
        using var key = new TransportKey(Hex.Ramp(32));
        byte[] buffer = new byte[100];
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Seal(0, buffer, 85));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Seal(0, buffer, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Seal(buffer, [new(0, 10, 0), new(50, 35, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Seal(buffer, [new(0, 10, 0), new(int.MaxValue, int.MaxValue, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Open(buffer, [new(-1, 10, 0)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.Open(buffer, [new(90, 11, 0)]));
        Assert.False(buffer.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ArgumentException>(() => new TransportKey(new byte[31]));
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Seal(0, buffer, 10));
        Assert.Throws<ObjectDisposedException>(() => key.Open(0, buffer));
    }

    [Fact]
    public void Preparing_leaves_this_threads_scratch_clear()
    {
        TransportKey.Prepare();
        Assert.False(new ReadOnlySpan<byte>(CipherScratch.Start, CipherScratch.Length).ContainsAnyExcept((byte)0));
        Assert.Equal(TransportCipher.Selected.Path.ToString(), TransportKey.PathName, ignoreCase: true);
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        using var key = new TransportKey(Hex.Ramp(32));
        byte[] buffer = new byte[64 * 1500];
        var plain = new TransportPacket[64];
        for (int i = 0; i < plain.Length; i++)
            plain[i] = new TransportPacket(i * 1500, i % 2 == 0 ? 64 : 1420, (ulong)i);
        var sealedPackets = plain.Select(packet => packet with { Length = packet.Length + 16 }).ToArray();
        for (int round = 0; round < 2; round++)
            All();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
            All();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void All()
        {
            key.Seal(1, buffer, 1420);
            key.Open(1, buffer.AsSpan(0, 1436));
            key.Open(2, buffer.AsSpan(0, 1436));
            key.Seal(buffer, plain);
            key.Open(buffer, sealedPackets);
        }
    }
}
