using System.Diagnostics;

namespace Keyhole.Perf;

/// <summary>
/// Contestants measured in turns, so that a neighbour's noise and the clock's mood hit all of them: every round gives each a slice of time, a run is the
/// median of its rounds, the result is the median of the runs.
/// </summary>
internal sealed class Contest
{
    private const int RunCount = 7;
    private const int RoundCount = 21;
    private const double SliceNanoseconds = 150_000;
    private const double WarmUpNanoseconds = 30_000_000;

    private readonly List<Contestant> _contestants = [];
    private readonly List<double[]> _runs = [];

    /// <summary>Does its work the given number of times and says how many ticks of <see cref="Stopwatch"/> that took.</summary>
    private delegate long TimedWork(int repetitions);

    private sealed record Contestant(string Name, int UnitCount, TimedWork Work);

    internal IReadOnlyList<string> Names => [.. _contestants.Select(contestant => contestant.Name)];

    /// <param name="unitCount">Packets that one repetition handles.</param>
    /// <param name="repeat">Does its work as many times as it is told.</param>
    internal void Add(string name, int unitCount, Action<int> repeat) => _contestants.Add(new Contestant(name, unitCount, repetitions =>
    {
        long start = Stopwatch.GetTimestamp();
        repeat(repetitions);
        return Stopwatch.GetTimestamp() - start;
    }));

    /// <summary>For work that uses up its input: only <paramref name="work"/> is timed.</summary>
    internal void Add(string name, int unitCount, Action prepare, Action work) => _contestants.Add(new Contestant(name, unitCount, repetitions =>
    {
        long ticks = 0;
        for (int i = 0; i < repetitions; i++)
        {
            prepare();
            long start = Stopwatch.GetTimestamp();
            work();
            ticks += Stopwatch.GetTimestamp() - start;
        }
        return ticks;
    }));

    internal void Run()
    {
        int[] repetitions = [.. _contestants.Select(Calibrate)];
        for (int run = 0; run < RunCount; run++)
        {
            var times = _contestants.Select(_ => new double[RoundCount]).ToArray();
            for (int round = 0; round < RoundCount; round++)
            {
                for (int i = 0; i < _contestants.Count; i++)
                    times[i][round] = Time(_contestants[i], repetitions[i]) / ((double)repetitions[i] * _contestants[i].UnitCount);
            }
            _runs.Add([.. times.Select(Median)]);
        }
    }

    /// <summary>Nanoseconds per unit, the median of the runs.</summary>
    internal double Nanoseconds(string name)
    {
        int index = IndexOf(name);
        return Median(_runs.Select(run => run[index]));
    }

    /// <summary>How many times faster <paramref name="name"/> is than <paramref name="baseline"/>: the median of the runs' own ratios.</summary>
    internal double Ratio(string baseline, string name)
    {
        int one = IndexOf(baseline), other = IndexOf(name);
        return Median(_runs.Select(run => run[one] / run[other]));
    }

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private int IndexOf(string name) => _contestants.FindIndex(contestant => contestant.Name == name);

    private static int Calibrate(Contestant contestant)
    {
        int repetitions = 1;
        for (double spent = 0; spent < WarmUpNanoseconds;)
        {
            double time = Time(contestant, repetitions);
            spent += time;
            repetitions = Math.Max(1, (int)Math.Min(1_000_000, SliceNanoseconds * repetitions / Math.Max(time, 1)));
        }
        return repetitions;
    }

    private static double Time(Contestant contestant, int repetitions) => contestant.Work(repetitions) * (1e9 / Stopwatch.Frequency);
}
