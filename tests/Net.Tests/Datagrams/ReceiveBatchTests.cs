using System.Runtime.InteropServices;

namespace Keyhole.Net.Tests;

/// <summary>How a message is walked in runs.</summary>
public sealed unsafe class ReceiveBatchTests : IDisposable
{
    private readonly ReceiveBatch _batch = new(4, 4096);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void Datagrams_with_equal_first_8_bytes_are_one_run()
    {
        Message(10, Datagram(1, 10), Datagram(1, 10), Datagram(2, 10), Datagram(1, 10), Datagram(1, 10), Datagram(1, 9));

        Assert.Equal([(2, 20, 10), (1, 10, 10), (3, 29, 10)], Runs());
    }

    [Fact]
    public void A_tail_shorter_than_8_bytes_is_a_run_of_its_own()
    {
        Message(10, Datagram(1, 10), [.. Datagram(1, 10)[..5]]);

        Assert.Equal([(1, 10, 10), (1, 5, 5)], Runs());
    }

    [Fact]
    public void Tiny_datagrams_are_never_grouped()
    {
        Message(4, [1, 2, 3, 4], [1, 2, 3, 4]);
        Assert.Equal([(1, 4, 4), (1, 4, 4)], Runs());
    }

    [Fact]
    public void Datagrams_walks_them_one_by_one()
    {
        Message(10, Datagram(1, 10), Datagram(1, 10), Datagram(1, 3));
        Message(0, []);
        int count = 0, bytes = 0;
        foreach (var run in _batch.Datagrams)
        {
            Assert.Equal(1, run.Count);
            Assert.Equal(run.Length, run.SegmentSize);
            bytes += run.Length;
            count++;
        }

        Assert.Equal((4, 23), (count, bytes));
    }

    [Fact]
    public void A_run_is_read_and_cut_by_index()
    {
        Message(10, Datagram(1, 10, 100), Datagram(1, 10, 101), Datagram(1, 9, 102));
        foreach (var run in _batch.Runs)
        {
            Assert.Equal(101, run[1][8]);
            Assert.Equal(9, run[2].Length);
            Assert.Equal(9, run.Last.Length);
            Assert.Equal(100, run.First[8]);
            var tail = run.Slice(1, 2);
            Assert.Equal((2, 19, 10), (tail.Count, tail.Length, tail.SegmentSize));
            var last = run.Slice(2, 1);
            Assert.Equal((1, 9, 9), (last.Count, last.Length, last.SegmentSize));
            Assert.Equal(10, run.Take(1).Length);
        }
    }

    [Fact]
    public void A_run_refuses_an_index_outside()
    {
        Message(10, Datagram(1, 10), Datagram(1, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => First(r => r[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => First(r => r[-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => First(r => r.Slice(1, 2).Bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => First(r => r.Slice(0, 0).Bytes));
    }

    [Fact]
    public void Every_byte_is_walked_exactly_once_for_any_message()
    {
        int seed = Seeds.Next();
        var random = new Random(seed);
        for (int round = 0; round < 2000; round++)
        {
            _batch.Begin();
            int size = random.Next(1, 40);
            byte[] bytes = new byte[random.Next(1, 300)];
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = (byte)random.Next(2);
            Append(size, bytes);
            var walked = new List<byte>();
            foreach (var run in _batch.Runs)
            {
                Assert.True(run.Count * run.SegmentSize >= run.Length && (run.Count - 1) * run.SegmentSize < run.Length, $"seed {seed}");
                for (int i = 1; i < run.Count; i++)
                    Assert.True(run[i][..8].SequenceEqual(run.First[..8]), $"seed {seed}");
                walked.AddRange(run.Bytes);
            }

            Assert.True(bytes.SequenceEqual(walked), $"seed {seed}");
        }
    }

    private delegate Span<byte> Part(DatagramRun run);

    private static byte[] Datagram(byte prefix, int length, byte mark = 0)
    {
        byte[] bytes = new byte[length];
        bytes[0] = prefix;
        if (length > 8)
            bytes[8] = mark;
        return bytes;
    }

    private int First(Part part)
    {
        foreach (var run in _batch.Runs)
            return part(run).Length;
        return -1;
    }

    private void Message(int size, params byte[][] datagrams) => Append(size, [.. datagrams.SelectMany(d => d)]);

    private void Append(int size, byte[] bytes)
    {
        ref var message = ref _batch.Append();
        message.Start = _batch.Buffer(_batch.Count - 1);
        Marshal.Copy(bytes, 0, (nint)message.Start, bytes.Length);
        message.Length = bytes.Length;
        message.SegmentSize = Math.Min(size, bytes.Length);
    }

    private List<(int Count, int Length, int SegmentSize)> Runs()
    {
        var runs = new List<(int, int, int)>();
        foreach (var run in _batch.Runs)
            runs.Add((run.Count, run.Length, run.SegmentSize));
        return runs;
    }
}
