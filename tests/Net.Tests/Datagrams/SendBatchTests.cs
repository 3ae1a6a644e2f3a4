using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>What is gathered into one message, and what must not be.</summary>
public sealed unsafe class SendBatchTests : IDisposable
{
    private static readonly IpEndpoint A = new(IpAddress.Parse("192.0.2.1"), 1);
    private static readonly IpEndpoint B = new(IpAddress.Parse("192.0.2.2"), 1);

    private readonly SendBatch _batch = new(8, 1 << 18);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Equal_sizes_to_one_destination_are_one_message()
    {
        Copy(A, 100, 100, 100);
        Assert.Equal([(A, 3, 100)], Messages());
    }

    [Fact]
    public void A_shorter_one_ends_a_message()
    {
        Copy(A, 100, 100, 40, 40);
        Assert.Equal([(A, 3, 100), (A, 1, 40)], Messages());
    }

    [Fact]
    public void A_longer_one_begins_a_message()
    {
        Copy(A, 40, 100, 100);
        Assert.Equal([(A, 1, 40), (A, 2, 100)], Messages());
    }

    [Fact]
    public void Destinations_are_gathered_apart()
    {
        Copy(A, 100);
        Copy(B, 100);
        Copy(A, 100);
        Copy(B, 100);
        Assert.Equal([(A, 2, 100), (B, 2, 100)], Messages());
    }

    [Fact]
    public void Another_traffic_class_begins_a_message_and_nothing_overtakes_it()
    {
        _batch.TryCopy(A, new byte[10]);
        _batch.TryCopy(A, new byte[10], trafficClass: 1);
        _batch.TryCopy(A, new byte[10]);
        Assert.Equal(3, _batch.Count);
    }

    [Fact]
    public void Another_source_begins_a_message()
    {
        _batch.TryCopy(A, new byte[10], source: B.Address);
        _batch.TryCopy(A, new byte[10]);
        Assert.Equal(2, _batch.Count);
    }

    [Fact]
    public void Empty_datagrams_stay_alone()
    {
        Copy(A, 0, 0, 8, 0);
        Assert.Equal([(A, 1, 0), (A, 1, 0), (A, 1, 8), (A, 1, 0)], Messages());
    }

    [Fact]
    public void A_message_takes_64_segments_and_65507_bytes()
    {
        Copy(A, [.. Enumerable.Repeat(16, 65)]);
        Copy(B, [.. Enumerable.Repeat(1420, 47)]);
        Assert.Equal([(A, 64, 16), (A, 1, 16), (B, 46, 1420), (B, 1, 1420)], Messages());
    }

    [Fact]
    public void Neighbours_in_memory_share_a_vector()
    {
        Copy(A, 96, 96, 96);
        Assert.Equal(1, _batch.Message(0)->Vectors);
        Assert.Equal((nuint)288, _batch.Vectors(0)->iov_len);
    }

    [Fact]
    public void A_full_batch_refuses_and_keeps_what_it_has()
    {
        for (int i = 0; i < 8; i++)
            Assert.True(_batch.TryCopy(A with { Port = (ushort)i }, [1]));

        Assert.False(_batch.TryCopy(B, [1]));
        Assert.Equal(8, _batch.Count);
        _batch.Clear();
        Assert.True(_batch.TryCopy(B, [1]));
    }

    [Fact]
    public void A_full_arena_refuses()
    {
        using var small = new SendBatch(8, 100);
        Assert.True(small.TryReserve(60, out var slot));
        Assert.Equal(60, slot.Length);
        small.Commit(A, 60);
        Assert.False(small.TryReserve(60, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => small.TryReserve(101, out _));
    }

    [Fact]
    public void A_reservation_without_a_commit_was_nothing()
    {
        _batch.TryReserve(100, out var first);
        first.Fill(1);
        _batch.TryReserve(50, out var second);
        Assert.True(first[..50] == second);
        Assert.True(_batch.IsEmpty);
    }

    [Fact]
    public void Datagrams_of_one_reservation_are_gathered_where_they_lie()
    {
        Assert.True(_batch.TryReserve(100, 3, out var room));
        room.Fill(7);
        _batch.CommitAt(A, 0, 32);
        _batch.CommitAt(A, 32, 32);
        Assert.Equal((1, 2), (_batch.Count, _batch.DatagramCount));
        Assert.Throws<InvalidOperationException>(() => _batch.CommitAt(A, 63, 10));
        Assert.Throws<InvalidOperationException>(() => _batch.CommitAt(A, 90, 11));
        _batch.CommitAt(B, 64, 20);
        Assert.Throws<InvalidOperationException>(() => _batch.CommitAt(B, 84, 1));
        _batch.TryReserve(10, out var next);
        next.Fill(9);
        Assert.Equal(-1, room[..84].IndexOf((byte)9));
    }

    [Fact]
    public void A_commit_needs_a_reservation_as_long_as_it()
    {
        Assert.Throws<InvalidOperationException>(() => _batch.Commit(A, 0));
        _batch.TryReserve(10, out _);
        Assert.Throws<InvalidOperationException>(() => _batch.Commit(A, 11));
        _batch.Commit(A, 10);
        Assert.Throws<InvalidOperationException>(() => _batch.Commit(A, 10));
    }

    [Fact]
    public void Bytes_from_elsewhere_are_refused_by_reference()
    {
        using var owner = new ReceiveBatch(1, 64);
        Assert.Throws<ArgumentException>(() => _batch.TryEnqueue(owner, new byte[8], A));
    }

    [Fact]
    public void The_order_to_each_destination_is_kept_for_any_input()
    {
        int seed = Seeds.Next();
        var random = new Random(seed);
        using var batch = new SendBatch(512, 1 << 20);
        for (int round = 0; round < 200; round++)
        {
            var expected = new Dictionary<IpEndpoint, List<(byte Mark, int Length, byte TrafficClass)>>();
            int count = random.Next(1, 300);
            for (int i = 0; i < count; i++)
            {
                var to = A with { Port = (ushort)random.Next(5) };
                int length = random.Next(4) == 0 ? random.Next(300) : 100;
                byte trafficClass = (byte)(random.Next(10) == 0 ? 1 : 0);
                byte[] datagram = new byte[length];
                datagram.AsSpan().Fill((byte)i);
                Assert.True(batch.TryCopy(to, datagram, trafficClass));
                (expected.TryGetValue(to, out var list) ? list : expected[to] = []).Add(((byte)i, length, trafficClass));
            }

            Assert.Equal(count, batch.DatagramCount);
            foreach (var (to, list) in expected)
                Assert.True(list.SequenceEqual(SentTo(batch, to).Select(d => d.Length == 0 ? (list[d.Index].Mark, 0, d.TrafficClass) : (d.Mark, d.Length, d.TrafficClass))), $"seed {seed}, round {round}");
            batch.Clear();
        }
    }

    /// <summary>What a receiver would get: messages in order, each cut by its segment size.</summary>
    private static List<(int Index, byte Mark, int Length, byte TrafficClass)> SentTo(SendBatch batch, IpEndpoint to)
    {
        var sent = new List<(int, byte, int, byte)>();
        for (int i = 0; i < batch.Count; i++)
        {
            var message = batch.Message(i);
            if (message->Destination != to)
                continue;
            var bytes = new List<byte>();
            for (int v = 0; v < message->Vectors; v++)
                bytes.AddRange(new ReadOnlySpan<byte>(batch.Vectors(i)[v].iov_base, (int)batch.Vectors(i)[v].iov_len));
            Assert.Equal(message->Length, bytes.Count);
            for (int s = 0; s < message->Segments; s++)
            {
                var segment = bytes.Skip(s * message->SegmentSize).Take(message->SegmentSize).ToArray();
                sent.Add((sent.Count, segment.FirstOrDefault(), segment.Length, message->TrafficClass));
            }
        }

        return sent;
    }

    private void Copy(IpEndpoint to, params int[] lengths)
    {
        foreach (int length in lengths)
            Assert.True(_batch.TryCopy(to, new byte[length]));
    }

    private List<(IpEndpoint Destination, int Segments, int SegmentSize)> Messages()
    {
        var messages = new List<(IpEndpoint, int, int)>();
        for (int i = 0; i < _batch.Count; i++)
            messages.Add((_batch.Message(i)->Destination, _batch.Message(i)->Segments, _batch.Message(i)->SegmentSize));
        return messages;
    }
}
