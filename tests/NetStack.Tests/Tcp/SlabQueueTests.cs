using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class SlabQueueTests(ITestOutputHelper output)
{
    private readonly PeerAccount _account = new();
    private readonly SlabPool _pool = new(new BufferBudget(8 << 20, 4 << 20));

    [Fact]
    public void Agrees_with_an_array_wherever_bytes_are_written()
    {
        int seed = Seed.FromEnvironment();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        var random = new Random(seed);
        for (int round = 0; round < 40; round++)
        {
            var queue = default(SlabQueue);
            queue.Reset();
            byte[] naive = new byte[1 << 20];
            long written = 0;
            for (int step = 0; step < 100 && queue.Tail < naive.Length - 200_000; step++)
            {
                byte[] bytes = new byte[random.Next(1, 40_000)];
                random.NextBytes(bytes);
                long offset = random.Next(3) == 0 ? queue.Tail + random.Next(100_000) : queue.Tail;
                Assert.Equal(bytes.Length, queue.Write(_pool, _account, offset, bytes));
                bytes.CopyTo(naive.AsSpan((int)offset));
                written = Math.Max(written, offset + bytes.Length);
                if (offset == queue.Tail)
                    queue.Append(bytes.Length);
                if (random.Next(2) == 0)
                    queue.Consume(_pool, _account, random.Next(queue.Length + 1), written);
                for (long at = queue.Head; at < queue.Tail;)
                {
                    var run = queue.Read(_pool, at, (int)(queue.Tail - at));
                    Assert.True(run.SequenceEqual(naive.AsSpan((int)at, run.Length)));
                    at += run.Length;
                }

                if (random.Next(8) == 0)
                {
                    queue.TrimTail(_pool, _account, queue.Tail);
                    written = queue.Tail;
                    int most = queue.Length == 0 ? 0 : (int)(((queue.Tail - 1) >> SlabPool.SlabShift) - (queue.Head >> SlabPool.SlabShift)) + 1;
                    Assert.True(_pool.InUse <= most, $"{_pool.InUse} slabs for {queue.Length} bytes");
                }
            }

            queue.Clear(_pool, _account);
            Assert.Equal((0, 0L, 0L), (_pool.InUse, _pool.Budget.Used, _account.BufferBytes));
        }
    }

    [Fact]
    public void An_emptied_queue_holds_no_memory_and_goes_on_in_the_middle_of_a_slab()
    {
        var queue = default(SlabQueue);
        queue.Reset();
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(5_000, queue.Write(_pool, _account, queue.Tail, new byte[5_000]));
            queue.Append(5_000);
            queue.Consume(_pool, _account, 5_000, queue.Tail);
            Assert.True(queue.IsFree);
            Assert.Equal(0, _pool.InUse);
        }

        Assert.Equal(100_000, queue.Head);
    }

    [Fact]
    public void Writes_as_far_as_the_budget_reaches()
    {
        var queue = default(SlabQueue);
        queue.Reset();
        Assert.Equal(4 << 20, queue.Write(_pool, _account, 0, new byte[5 << 20]));
        Assert.True(_pool.Budget.IsExhausted(_account));
        Assert.False(_pool.Budget.IsExhausted(new PeerAccount()));
        queue.Append(4 << 20);
        Assert.True(queue.Reserve(_pool, _account, queue.Tail).IsEmpty);
        queue.Consume(_pool, _account, SlabPool.SlabSize, queue.Tail);
        Assert.Equal(SlabPool.SlabSize, queue.Reserve(_pool, _account, queue.Tail).Length);
        queue.Clear(_pool, _account);
    }
}
