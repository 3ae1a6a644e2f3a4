using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class OutOfOrderStoreTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Pitfall", "P28")]
    public void Agrees_with_a_set_of_bytes()
    {
        int seed = Seed.FromEnvironment();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        var random = new Random(seed);
        for (int round = 0; round < 300; round++)
        {
            var store = new OutOfOrderStore();
            var naive = new HashSet<long>();
            long contiguous = 0;
            for (int step = 0; step < 60; step++)
            {
                long start = contiguous + 1 + random.Next(200);
                long end = start + 1 + random.Next(30);
                CompareGaps(store, naive, start, end);
                store.Add(start, end);
                for (long at = start; at < end; at++)
                    naive.Add(at);
                if (random.Next(5) == 0)
                {
                    contiguous = store.Advance(contiguous + random.Next(40));
                    while (naive.Remove(contiguous))
                        Assert.Fail("What adjoins was not taken out.");
                    naive.RemoveWhere(at => at < contiguous);
                }

                AssertSame(store, naive);
            }
        }
    }

    [Fact]
    [Trait("Pitfall", "P28")]
    public void Sixty_four_intervals_and_no_more()
    {
        var store = new OutOfOrderStore();
        for (int i = 0; i < OutOfOrderStore.MaximumIntervals; i++)
        {
            Assert.True(store.CanAdd(10 + (i * 10), 15 + (i * 10)));
            store.Add(10 + (i * 10), 15 + (i * 10));
        }

        Assert.False(store.CanAdd(5_000, 5_005));
        Assert.True(store.CanAdd(15, 20));
        store.Add(15, 20);
        Assert.Equal(OutOfOrderStore.MaximumIntervals - 1, store.Count);
    }

    [Fact]
    [Trait("Pitfall", "P18")]
    public void The_most_recent_arrival_comes_first()
    {
        var store = new OutOfOrderStore();
        store.Add(10, 20);
        store.Add(30, 40);
        store.Add(50, 60);
        store.Add(20, 25);
        Span<OutOfOrderStore.Interval> recent = new OutOfOrderStore.Interval[3];
        Assert.Equal(3, store.MostRecent(recent));
        Assert.Equal([10L, 50L, 30L], recent.ToArray().Select(interval => interval.Start));
        Assert.Equal(25, recent[0].End);
    }

    private static void CompareGaps(OutOfOrderStore store, HashSet<long> naive, long start, long end)
    {
        var missing = Enumerable.Range(0, (int)(end - start)).Select(i => start + i).Where(at => !naive.Contains(at)).ToList();
        var found = new List<long>();
        for (long at = start; store.TryFindGap(at, end, out long gapStart, out long gapEnd); at = gapEnd)
        {
            for (long byteAt = gapStart; byteAt < gapEnd; byteAt++)
                found.Add(byteAt);
        }

        Assert.Equal(missing, found);
    }

    private static void AssertSame(OutOfOrderStore store, HashSet<long> naive)
    {
        long count = 0;
        for (int i = 0; i < store.Count; i++)
        {
            Assert.True(i == 0 || store[i - 1].End < store[i].Start, "Intervals touch.");
            for (long at = store[i].Start; at < store[i].End; at++, count++)
                Assert.Contains(at, naive);
        }

        Assert.Equal(naive.Count, count);
    }
}
