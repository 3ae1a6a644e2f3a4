using System.Diagnostics;

namespace Keyhole.Fuzz;

/// <summary>Runs one target on mutations of its corpus for a while. Everything follows from the seed and the corpus.</summary>
internal sealed class Campaign : IDisposable
{
    private const int MostKept = 4096;
    private const int MostMinimising = 4000;

    private readonly IFuzzTarget _target;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly GuardedBuffer _buffer;
    private readonly CurrentInput? _current;
    private readonly List<byte[]> _inputs = [];
    private readonly HashSet<ulong> _outcomes = [];

    /// <param name="current">Where each input is noted before it runs; null when nobody watches.</param>
    internal Campaign(IFuzzTarget target, int seed, CurrentInput? current = null)
    {
        _target = target;
        _random = new Random(seed);
        _mutator = new Mutator(_random);
        _buffer = new GuardedBuffer(target.MaximumLength);
        _current = current;
        Seed = seed;
        foreach (var (_, input) in Corpus.Load(target).Concat(target.Seeds))
            _inputs.Add(input.Length > target.MaximumLength ? input[..target.MaximumLength] : input);
        if (_inputs.Count == 0)
            _inputs.Add([]);
    }

    internal int Seed { get; }

    internal long Executions { get; private set; }

    /// <summary>Different things that inputs have done.</summary>
    internal int OutcomeCount => _outcomes.Count;

    /// <summary>The input that broke something, made as short as a few thousand tries can.</summary>
    internal byte[]? Broken { get; private set; }

    internal Exception? Failure { get; private set; }

    /// <summary>First every corpus entry, then mutations, until the time or the number is up or something breaks.</summary>
    /// <returns>True when nothing broke.</returns>
    internal bool Run(TimeSpan time, long maximumExecutions = long.MaxValue)
    {
        var clock = Stopwatch.StartNew();
        foreach (byte[] input in _inputs.ToArray())
        {
            if (!Try(input))
                return false;
        }

        while (clock.Elapsed < time && Executions < maximumExecutions)
        {
            byte[] input = _mutator.Mutate(Any(), Any(), _target.MaximumLength);
            if (_random.Next(4) != 0)
                _target.Repair(input);
            if (!Try(input))
                return false;
        }

        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private byte[] Any() => _inputs[_random.Next(_inputs.Count)];

    private bool Try(byte[] input)
    {
        if (Execute(input, out ulong outcome) is { } failure)
        {
            Failure = failure;
            Broken = Minimise(input, failure.GetType());
            return false;
        }

        if (_outcomes.Count < MostKept && _outcomes.Add(outcome) && _inputs.Count < MostKept)
            _inputs.Add(input);
        return true;
    }

    private Exception? Execute(byte[] input, out ulong outcome)
    {
        Executions++;
        _current?.Set(input);
        outcome = 0;
        try
        {
            outcome = _target.Run(_buffer.Place(input, atEnd: Executions % 8 != 0));
            return null;
        }
#pragma warning disable CA1031 // whatever an input makes a door throw is a finding
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    /// <summary>Takes pieces away, halving their size, as long as the same kind of failure stays.</summary>
    private byte[] Minimise(byte[] input, Type failure)
    {
        int tries = 0;
        for (int piece = Math.Max(1, input.Length / 2); piece > 0; piece /= 2)
        {
            for (int at = 0; at + piece <= input.Length && tries < MostMinimising; tries++)
            {
                byte[] shorter = [.. input[..at], .. input[(at + piece)..]];
                if (Execute(shorter, out _)?.GetType() == failure)
                    input = shorter;
                else
                    at += piece;
            }
        }

        return input;
    }
}
