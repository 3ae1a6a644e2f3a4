using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class ScoreboardTests(ITestOutputHelper output)
{
    private readonly PeerAccount _account = new();
    private readonly BufferBudget _budget = new(64 << 20, 64 << 20);

    [Fact]
    [Trait("Pitfall", "P18")]
    public void Agrees_with_a_list_of_segments()
    {
        int seed = Seed.FromEnvironment();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        var random = new Random(seed);
        var rings = new SegmentRingPool(_budget);
        for (int round = 0; round < 60; round++)
        {
            var board = default(Scoreboard);
            board.Reset();
            var naive = new List<Twin>();
            uint next = (uint)random.NextInt64(1L << 32);
            long now = 1;
            for (int step = 0; step < 500; step++, now += random.Next(2))
            {
                int index = naive.Count == 0 ? 0 : random.Next(naive.Count);
                switch (random.Next(7))
                {
                    case 0 or 1:
                        Assert.True(board.TryReserve(rings, _account));
                        int length = random.Next(1, 1400);
                        board.Append(next, length, SegmentMarks.None, now);
                        naive.Add(new Twin(next, length) { SentAt = now });
                        next += (uint)length;
                        break;
                    case 2 when naive.Count > 0:
                        board.RemoveFirst();
                        naive.RemoveAt(0);
                        break;
                    case 3 when naive.Count > 0 && !naive[index].Sacked:
                        board.MarkSacked(board.NameOf(index));
                        (naive[index].Sacked, naive[index].IsLost) = (true, false);
                        break;
                    case 4 when naive.Count > 0 && !naive[index].Sacked && !naive[index].IsLost:
                        board.MarkLost(board.NameOf(index));
                        naive[index].IsLost = true;
                        break;
                    case 5 when board.FirstLost != Scoreboard.None:
                        var lost = naive.First(twin => twin.IsLost);
                        Assert.Equal(lost.Seq, board.Named(board.FirstLost).Seq);
                        board.MarkRetransmitted(board.FirstLost, now);
                        (lost.IsLost, lost.SentAt) = (false, now);
                        break;
                    case 6 when random.Next(20) == 0:
                        board.UndoLost();
                        naive.ForEach(twin => twin.IsLost = false);
                        break;
                }

                AssertSame(ref board, naive);
            }

            board.Release(rings, _account);
            Assert.Equal(0, _budget.Used);
        }
    }

    [Fact]
    public void Finds_the_segment_of_a_number_across_the_wrap()
    {
        var rings = new SegmentRingPool(_budget);
        var board = default(Scoreboard);
        board.Reset();
        for (uint i = 0; i < 10; i++)
        {
            board.TryReserve(rings, _account);
            board.Append(0xFFFF_FFF0 + (i * 4), 4, SegmentMarks.None, i);
        }

        Assert.Equal(0, board.Find(0xFFFF_FFF0));
        Assert.Equal(0, board.Find(0xFFFF_FFF3));
        Assert.Equal(4, board.Find(0));
        Assert.Equal(9, board.Find(23));
        Assert.Equal(10, board.Find(24));
    }

    [Fact]
    [Trait("Pitfall", "P19")]
    public void Records_are_bounded()
    {
        var rings = new SegmentRingPool(_budget);
        var board = default(Scoreboard);
        board.Reset();
        int count = 0;
        for (; board.TryReserve(rings, _account); count++)
            board.Append((uint)count, 1, SegmentMarks.None, count);
        Assert.Equal(SegmentRingPool.Largest, count);
        board.Release(rings, _account);
        Assert.Equal(0, _budget.Used);
    }

    private static void AssertSame(ref Scoreboard board, List<Twin> naive)
    {
        Assert.Equal(naive.Count, board.Count);
        Assert.Equal(naive.Where(twin => !twin.Sacked && !twin.IsLost).Sum(twin => twin.Length), board.InFlight);
        Assert.Equal(naive.Where(twin => twin.Sacked).Sum(twin => twin.Length), board.SackedLength);
        Assert.Equal(naive.Count(twin => twin.IsLost), board.LostCount);
        for (int i = 0; i < naive.Count; i++)
            Assert.Equal(naive[i].Seq, board.At(i).Seq);
        var inFlight = new HashSet<uint>();
        long last = 0;
        for (ushort name = board.Oldest; name != Scoreboard.None; name = board.Named(name).Next)
        {
            Assert.True(inFlight.Add(board.Named(name).Seq), "The list runs in a circle.");
            Assert.True(board.Named(name).SentAt >= last, "The list is not in the order of transmission.");
            last = board.Named(name).SentAt;
        }

        Assert.Equal(naive.Where(twin => !twin.Sacked && !twin.IsLost).Select(twin => twin.Seq).ToHashSet(), inFlight);
    }

    private sealed class Twin(uint seq, int length)
    {
        public uint Seq { get; } = seq;

        public int Length { get; } = length;

        public long SentAt { get; set; }

        public bool Sacked { get; set; }

        public bool IsLost { get; set; }
    }
}
