namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>The search on a path of its own: pings arrive when they are no longer than the path carries, and are answered a round trip later.</summary>
public class MtuSearchTests
{
    private const long Millisecond = 1_000;
    private const long Second = 1_000_000;

    [Theory]
    [InlineData(1500 - 48 - 32, 1420)]
    [InlineData(1400 - 28 - 32, 1328)]
    [InlineData(1350 - 28 - 32, 1280)]
    [InlineData(1280, 1280)]
    [InlineData(1000, 1280)]
    [InlineData(1296, 1296)]
    [InlineData(1419, 1408)]
    [InlineData(1408, 1408)]
    [InlineData(1407, 1392)]
    [InlineData(1344, 1344)]
    public void What_the_path_carries_is_found(int carries, int expected)
    {
        var path = new Path(carries);
        path.Run(3 * Second);
        Assert.Equal(expected, path.Search.Mtu);
        Assert.InRange(path.Asked, 1, 17);
        Assert.Equal((carries < 1280, carries >= 1280), (path.Search.IsTooNarrow, path.Search.IsDecidedWhole));

        // Nothing moves: nothing is asked.
        int asked = path.Asked;
        path.Run(1000 * Second);
        Assert.Equal(asked, path.Asked);
        Assert.Equal(long.MaxValue, path.Search.Deadline);
    }

    [Fact]
    public void An_ordinary_path_costs_one_ping()
    {
        var path = new Path(1420);
        path.Run(Second);
        Assert.Equal((1420, 1), (path.Search.Mtu, path.Asked));
    }

    [Fact]
    public void Nothing_is_sought_where_no_more_than_the_least_is_wanted()
    {
        var path = new Path(1420, largest: 1280);
        path.Run(10 * Second, dataLength: 1280);
        Assert.Equal((1280, 0), (path.Search.Mtu, path.Asked));
        Assert.True(path.Search.IsDecided);
    }

    [Theory]
    [InlineData(1300, 1296)]
    [InlineData(1100, 1280)]
    [InlineData(1400, 1392)]
    public void A_path_that_shrinks_is_noticed_within_a_second_while_long_packets_move(int carries, int expected)
    {
        var path = new Path(1420);
        path.Run(10 * Second, dataLength: 1420);
        path.Carries = carries;
        long shrunkAt = path.Now;
        path.RunUntil(() => path.Search.Mtu < 1420, 1420);
        Assert.InRange(path.Now - shrunkAt, 0, Second);
        Assert.Equal(1280, path.Search.Mtu);
        path.Run(3 * Second, dataLength: 1420);
        Assert.Equal(expected, path.Search.Mtu);
    }

    /// <summary>A request after a pause, whose long answer is lost: the client sees nothing longer than the request, and that only now and then.</summary>
    [Theory]
    [InlineData(5, 100)]
    [InlineData(60, 100)]
    [InlineData(60, 3000)]
    public void A_path_that_shrank_in_a_pause_is_noticed_by_the_next_request(int pause, int retryAfter)
    {
        var path = new Path(1420);
        path.Run(5 * Second, dataLength: 1420);
        path.Run(3 * Second);
        path.Carries = 1344;
        path.Run((pause - 3) * Second);
        long begun = path.Now;
        while (path.Search.Mtu == 1420 && path.Now - begun < 10 * Second)
        {
            path.Search.DataMoved(60, path.Now);
            path.Run(retryAfter * Millisecond);
        }

        Assert.InRange(path.Now - begun, 0, Math.Max(1000, retryAfter) * Millisecond);
        Assert.Equal(1, path.Falls);
        Assert.InRange(path.Search.Mtu, 1280, 1344);
    }

    [Fact]
    public void A_path_that_shrinks_while_more_is_tried_is_noticed_no_later()
    {
        var path = new Path(1344) { RoundTrip = 300 * Millisecond };
        path.Run(8 * Second, dataLength: 1420);
        Assert.Equal(1344, path.Search.Mtu);
        path.RunUntil(() => path.LastAsked > 1344, 1420, path.Now + 30 * Second);
        Assert.True(path.LastAsked > 1344);
        path.Carries = 1300;
        long shrunkAt = path.Now;
        path.RunUntil(() => path.Search.Mtu < 1344, 1420, path.Now + 30 * Second);

        // The rest of three pings for more, and four of the length in use, each two round trips apart.
        Assert.InRange(path.Now - shrunkAt, 0, 8 * 600 * Millisecond);
    }

    [Fact]
    public void A_path_that_grows_is_noticed_in_the_end()
    {
        var path = new Path(1300);
        path.Run(3 * Second);
        path.Carries = 1420;
        path.Run(10 * Second, dataLength: 100);
        Assert.Equal(1420, path.Search.Mtu);

        // It is tried again and again, but less and less often.
        var narrow = new Path(1300);
        narrow.Run(3600 * Second, dataLength: 100);
        Assert.Equal(1296, narrow.Search.Mtu);
        Assert.InRange(narrow.Asked, 3600 / 5, 3600 / 5 + 300);
    }

    [Fact]
    public void A_path_that_loses_even_the_least_is_known_for_it_until_it_carries_that_again()
    {
        var path = new Path(1420);
        path.Run(2 * Second, dataLength: 1420);
        path.Carries = 1200;
        path.RunUntil(() => path.Search.IsTooNarrow, 1420);
        Assert.Equal(1280, path.Search.Mtu);
        path.Carries = 1280;
        path.RunUntil(() => !path.Search.IsTooNarrow, 1280, path.Now + 60 * Second);
        Assert.True(path.Search.IsDecidedWhole);
        Assert.Equal(1280, path.Search.Mtu);
    }

    [Fact]
    public void What_was_not_answered_is_never_used()
    {
        int seed = TestSeed.Next();
        for (int round = 0; round < 200; round++)
        {
            var random = new Random(seed + round);
            var path = new Path(random.Next(1200, 1421)) { Loss = random.NextDouble() * 0.3, Random = random };
            for (int period = 0; period < 5; period++)
            {
                path.Run(random.Next(10) * Second, random.Next(2) == 0 ? 0 : random.Next(40, 1421));
                Assert.True(path.Search.Mtu <= Math.Max(InnerMtu.Smallest, path.LongestAnswered), $"KEYHOLE_SEED={seed} round {round}");
                path.Carries = random.Next(1200, 1421);
            }

            // In peace it ends where it should, and what is above stays unused.
            path.Loss = 0;
            path.Run(3 * Second, dataLength: 1420);
            int fits = Math.Max(InnerMtu.Smallest, path.Carries == 1420 ? 1420 : path.Carries / 16 * 16);
            Assert.InRange(path.Search.Mtu, InnerMtu.Smallest, fits);
        }
    }

    [Fact]
    [Trait("Promise", "A12")]
    public void Loss_of_a_fifth_leaves_long_packets_their_way()
    {
        int seed = TestSeed.Next();
        var random = new Random(seed);
        var path = new Path(1420) { Loss = 0.2, Random = random };
        long longest = 0;
        for (int step = 0; step < 600; step++)
        {
            path.Run(100 * Millisecond, dataLength: 1420);
            longest += path.Search.Mtu == 1420 ? 1 : 0;
        }

        Assert.True(longest > 300, $"KEYHOLE_SEED={seed}: {longest} of 600");
    }

    [Fact]
    public void Answers_that_come_late_after_all_count()
    {
        var path = new Path(1420) { RoundTrip = 350 * Millisecond };
        path.Run(3 * Second);
        Assert.Equal(1420, path.Search.Mtu);

        // A refusal of more than is proven was none.
        path = new Path(1300);
        path.Run(2 * Second, dataLength: 1420);
        (path.Carries, path.RoundTrip) = (1420, 700 * Millisecond);
        path.Run(8 * Second, dataLength: 1420);
        Assert.Equal(1420, path.Search.Mtu);
    }

    /// <summary>A full queue before a slow link, one retransmission timeout of TLS, a machine that stood still: nothing of that is a black hole.</summary>
    [Theory]
    [InlineData(300, 0)]
    [InlineData(700, 0)]
    [InlineData(2500, 0)]
    [InlineData(700, 0.02)]
    public void Delay_alone_lowers_nothing(int milliseconds, double loss)
    {
        int seed = TestSeed.Next();
        var path = new Path(1420) { Loss = loss, Random = new Random(seed) };
        path.Run(2 * Second, dataLength: 1420);
        for (int round = 0; round < 20; round++)
        {
            path.RoundTrip = milliseconds * Millisecond;
            path.Run(3 * Second, dataLength: 1420);
            path.RoundTrip = 20 * Millisecond;
            path.Run(3 * Second, dataLength: 1420);
        }

        Assert.True(path is { Falls: 0, Search.Mtu: 1420 }, $"KEYHOLE_SEED={seed}: {path.Falls} falls");
    }

    /// <summary>The queue is as long as it gets, but what is too long does not come out of it.</summary>
    [Fact]
    public void A_path_that_shrinks_while_it_is_slow_is_noticed_too()
    {
        var path = new Path(1420);
        path.Run(2 * Second, dataLength: 1420);
        path.RoundTrip = 700 * Millisecond;
        path.Run(5 * Second, dataLength: 1420);
        path.Carries = 1344;
        path.RunUntil(() => path.Search.Mtu < 1420, 1420, path.Now + 10 * Second);
        Assert.Equal(1280, path.Search.Mtu);
        path.Run(15 * Second, dataLength: 1420);
        Assert.Equal(1344, path.Search.Mtu);
    }

    [Fact]
    public void A_path_that_answers_nothing_at_all_keeps_its_length_and_is_left_alone_once_nobody_uses_it()
    {
        var path = new Path(1420);
        path.Run(2 * Second, dataLength: 1420);
        path.Carries = 0;
        int asked = path.Asked;
        path.Run(10 * Second, dataLength: 1420);
        Assert.Equal(1420, path.Search.Mtu);
        Assert.InRange(path.Asked - asked, 4, 60);
        path.Run(3 * Second);
        Assert.Equal(long.MaxValue, path.Search.Deadline);
        path.Carries = 1344;
        path.Run(3 * Second, dataLength: 1420);
        Assert.Equal(1344, path.Search.Mtu);
    }

    [Fact]
    public void Another_path_begins_anew_and_takes_no_answers_of_the_old_one()
    {
        var path = new Path(1420);
        path.Run(Second);
        ulong nonce = path.Search.Nonce;
        path.Search.Stop();
        Assert.Equal((1280, false, long.MaxValue), (path.Search.Mtu, path.Search.IsDecided, path.Search.Deadline));
        Assert.False(path.Search.Answered(nonce, 1420, path.Now));
        path.Search.Start(5_000, 10 * Millisecond, path.Now);
        Assert.False(path.Search.Answered(nonce, 1420, path.Now));
        Assert.Equal(1280, path.Search.Mtu);
    }

    [Fact]
    public void An_answer_of_another_length_is_none()
    {
        var search = new MtuSearch(InnerMtu.Largest);
        search.Start(100, 10 * Millisecond, 0);
        Assert.Equal(1420, search.Next(0));
        Assert.False(search.Answered(search.Nonce, 1300, 5));
        Assert.False(search.Answered(search.Nonce + 1, 1420, 5));
        Assert.False(search.Answered(search.Nonce - 1, 1420, 5));
        Assert.True(search.Answered(search.Nonce, 1420, 5));
    }

    private sealed class Path(int carries, int largest = InnerMtu.Largest)
    {
        private readonly PriorityQueue<(ulong Nonce, int Length), long> _answers = new();
        private bool _isStarted;

        /// <summary>Nothing overtakes.</summary>
        private long _lastAt;

        public MtuSearch Search { get; } = new(largest);

        public long Now { get; private set; } = 100 * Second;

        public int Carries { get; set; } = carries;

        public long RoundTrip { get; set; } = 20 * Millisecond;

        public double Loss { get; set; }

        public Random? Random { get; set; }

        public int Asked { get; private set; }

        public int Falls { get; private set; }

        public int LastAsked { get; private set; }

        public int LongestAnswered { get; private set; }

        public void Run(long duration, int dataLength = 0)
        {
            long end = Now + duration;
            RunUntil(() => Now >= end, dataLength, end);
        }

        public void RunUntil(Func<bool> condition, int dataLength, long end = long.MaxValue)
        {
            if (!_isStarted)
                Search.Start(1_000, RoundTrip, Now);
            _isStarted = true;
            while (!condition())
            {
                Now = dataLength > 0 ? Now + 5 * Millisecond : Math.Min(end, Math.Min(Search.Deadline, _answers.TryPeek(out _, out long at) ? at : long.MaxValue));
                if (dataLength > 0)
                    Search.DataMoved(Math.Min(dataLength, Search.Mtu), Now);
                while (_answers.TryPeek(out var answer, out long due) && due <= Now)
                {
                    _answers.Dequeue();
                    if (Search.Answered(answer.Nonce, answer.Length, Now))
                        LongestAnswered = Math.Max(LongestAnswered, answer.Length);
                }

                int before = Search.Mtu;
                while (Search.Next(Now) is > 0 and int length)
                {
                    Asked++;
                    LastAsked = length;
                    if (length <= Carries && !(Random?.NextDouble() < Loss) && !(Random?.NextDouble() < Loss))
                        _answers.Enqueue((Search.Nonce, length), _lastAt = Math.Max(_lastAt, Now + RoundTrip));
                }

                Falls += Search.Mtu < before ? 1 : 0;
            }
        }
    }
}
