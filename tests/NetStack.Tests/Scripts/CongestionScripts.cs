using System.Globalization;

namespace Keyhole.NetStack.Tests.Scripts;

/// <summary>How much may be in flight: RFC 5681, RFC 6928, CUBIC (RFC 9438).</summary>
[Trait("Pitfall", "P20")]
[Trait("Pitfall", "P24")]
public class CongestionScripts : Scripts
{
    private const string Wide = "mss 1000, sackOK, ws 7";

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void The_initial_window_is_ten_segments(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        s.Write(30_000);
        s.Check(s.Drain().Count == 10, "RFC 6928");
        s.In(". 1 ack 10001");
        s.Drain();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void Slow_start_doubles_the_window(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        var path = new Path(s, rtt: 50);
        path.Round();
        s.Check(path.LastFlight == 10_000, $"{path.LastFlight} bytes in the first round trip");
        path.Round();
        s.Check(path.LastFlight == 20_000, $"{path.LastFlight} bytes in the second");
        path.Round();
        s.Check(path.LastFlight is >= 36_000 and <= 40_000, $"{path.LastFlight} bytes in the third");
        path.Stop();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void A_window_that_lay_idle_is_not_sent_in_one_burst(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        var path = new Path(s, rtt: 50);
        for (int i = 0; i < 3; i++)
            path.Round();
        path.Stop();
        s.Check(s.Flow.CongestionWindow >= 30_000, "the window has grown");
        s.Quiet(20_000);
        s.Write(40_000);
        int burst = s.Drain().Count;
        s.Check(burst <= 10, $"RFC 5681 section 4.1: {burst} segments after 20 s of silence");
        s.In($". 1 ack {s.HighestSent}");
        s.Drain();
    });

    [Theory, Variants]
    public void A_loss_takes_three_tenths(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        var path = new Path(s, rtt: 50);
        path.Round();
        path.Round();
        int before = s.Flow.CongestionWindow;
        path.Round(lose: true);
        path.Round();
        path.Round();
        int after = s.Flow.CongestionWindow;
        s.Check(after >= before * 65 / 100 && after <= before * 80 / 100, $"RFC 9438 section 4.6: from {before} to {after}");
        path.Stop();
    });

    [Theory, Variants]
    public void NewReno_takes_half(Variant variant) => Play(variant, Script.Defaults with { Congestion = CongestionAlgorithm.NewReno }, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        var path = new Path(s, rtt: 50);
        path.Round();
        path.Round();
        int before = s.Flow.CongestionWindow;
        path.Round(lose: true);
        path.Round();
        path.Round();
        int after = s.Flow.CongestionWindow;
        s.Check(after >= before * 45 / 100 && after <= before * 60 / 100, $"RFC 5681: from {before} to {after}");
        path.Stop();
    });

    [Theory, Variants]
    public void A_window_that_is_not_used_does_not_grow(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        for (int i = 0; i < 200; i++)
        {
            s.Write(1_000);
            s.Out($". {1 + (i * 1_000)}(1000)");
            s.Wait(50);
            s.In($". 1 ack {1_001 + (i * 1_000)}");
        }

        s.Check(s.Flow.CongestionWindow <= 12_000, $"RFC 9438 section 5.8: {s.Flow.CongestionWindow} bytes");
    });

    [Theory, Variants]
    public void Splitting_acknowledgements_gains_nothing(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 2_000, rtt: 50);
        s.Write(100_000);
        s.Drain();
        s.Wait(50);
        for (int i = 1; i <= 1_000; i++)
        {
            s.In($". 1 ack {1 + i}");
            s.Drain();
        }

        s.Check(s.Flow.CongestionWindow <= 12_000, $"RFC 3465: one segment was acknowledged in a thousand pieces, the window is {s.Flow.CongestionWindow}");
        s.In($". 1 ack {s.HighestSent}");
        s.Drain();
    });

    [Theory, Variants]
    public void The_window_returns_to_where_it_was_along_a_cubic(Variant variant) => Play(variant, s =>
    {
        s.Establish(Wide, window: 4_000, rtt: 100);
        var path = new Path(s, rtt: 100);
        while (s.Flow.CongestionWindow < 100_000)
            path.Round();
        double maximum = s.Flow.CongestionWindow / 1_000.0;
        path.Round(lose: true);
        path.Round();
        path.Round();
        double low = s.Flow.CongestionWindow / 1_000.0;
        s.Check(low < maximum * 0.8, $"from {maximum} to {low} segments");

        // RFC 9438 section 4.2: K is the cube root of Wmax * 0.3 / 0.4.
        double k = Math.Cbrt(maximum * 0.3 / 0.4);
        long start = s.Now;
        double half = 0, end = 0;
        while ((s.Now - start) / 1e6 < k + 4)
        {
            path.Round();
            double at = (s.Now - start) / 1e6, segments = s.Flow.CongestionWindow / 1_000.0;
            if (half == 0 && at >= k / 2)
                half = segments;
            end = segments;
        }

        s.Check(half > low && half <= maximum * 1.02, $"halfway the window is {half}, between {low} and {maximum}");
        s.Check(end >= maximum, $"after {k + 4:F1} s the window is {end}, it was {maximum}");
        s.Check(end <= maximum * 1.6, $"beyond the old window it probes carefully, and is at {end} after 4 s");
        path.Stop();
    });

    [Theory, Variants]
    public void Hours_without_loss_overflow_nothing(Variant variant) => Play(variant, Script.Defaults with { MaximumSendQueue = 256 << 10 }, s =>
    {
        s.Establish(Wide, window: 65_535, rtt: 1_000);
        var path = new Path(s, rtt: 1_000);
        for (int i = 0; i < 20; i++)
            path.Round();
        for (int hour = 0; hour < 48; hour++)
        {
            path.Stop();
            s.Quiet(3_600_000);
            path.Round();
            int window = s.Flow.CongestionWindow;
            s.Check(window is >= 1_000 and <= 64 << 20, $"the window is {window}");
        }

        path.Stop();
    });

    [Theory, Variants]
    [Trait("Pitfall", "P21")]
    public void The_peers_window_bounds_the_flight(Variant variant) => Play(variant, s =>
    {
        s.Establish(window: 3_500, rtt: 50);
        s.Write(20_000);
        s.Check(s.Drain().Count == 3, "3,500 bytes of window");
        s.In(". 1 ack 3001 win 3500");
        s.Drain();
        s.In($". 1 ack {s.HighestSent}");
        s.Drain();
    });

    /// <summary>A path that brings everything after half a round trip and takes acknowledgements of two segments back, except what it loses.</summary>
    private sealed class Path(Script s, long rtt)
    {
        private readonly SortedDictionary<long, long> _beyond = [];
        private readonly List<Segment> _travelling = [];
        private long _next = 1;

        public long LastFlight { get; private set; }

        /// <summary>One round trip: the application always has enough, what was sent arrives, and is acknowledged within it.</summary>
        public void Round(bool lose = false)
        {
            while (s.Flow.SendSpace >= 16_384)
                s.Queue(16_384);
            s.Flush();
            _travelling.AddRange(s.Drain());
            LastFlight = _travelling.Sum(segment => (long)segment.Length);
            s.Wait(rtt);
            var arrived = _travelling.ToList();
            arrived.AddRange(s.Drain());
            _travelling.Clear();
            if (lose)
                arrived.RemoveAt(0);
            for (int i = 0; i < arrived.Count; i++)
            {
                bool hole = arrived[i].Seq > _next;
                Take(arrived[i]);
                if (hole || _beyond.Count > 0 || i % 2 == 1 || i == arrived.Count - 1)
                {
                    s.In(Acknowledgement(arrived[i]));
                    _travelling.AddRange(s.Drain());
                }
            }
        }

        /// <summary>Acknowledges everything.</summary>
        public void Stop()
        {
            for (int i = 0; i < 200 && s.Flow.SendLength > 0; i++)
            {
                s.Wait(rtt);
                foreach (var segment in _travelling.Concat(s.Drain()).ToList())
                    Take(segment);
                _travelling.Clear();
                s.In(Acknowledgement(null));
                _travelling.AddRange(s.Drain());
            }

            s.Drain();
            s.Check(s.Flow.SendLength == 0, "the stream never ended");
        }

        private void Take(Segment segment)
        {
            if (segment.Length > 0 && segment.End > _next && (!_beyond.TryGetValue(segment.Seq, out long end) || end < segment.End))
                _beyond[segment.Seq] = segment.End;
            while (_beyond.Count > 0 && _beyond.First() is var first && first.Key <= _next)
            {
                _next = Math.Max(_next, first.Value);
                _beyond.Remove(first.Key);
            }
        }

        private string Acknowledgement(Segment? newest)
        {
            string ack = string.Create(CultureInfo.InvariantCulture, $". 1 ack {_next}");
            if (newest is null || _beyond.Count == 0 || newest.Seq < _next)
                return ack;
            long left = newest.Seq, right = newest.End;
            foreach (var (start, end) in _beyond)
                right = start == right ? end : right;
            foreach (var (start, end) in _beyond.Reverse())
                left = end == left ? start : left;
            return string.Create(CultureInfo.InvariantCulture, $"{ack} <sack {left}:{right}>");
        }
    }
}
