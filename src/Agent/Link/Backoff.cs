namespace Keyhole.Agent;

/// <summary>Waiting times that double, each spread over its upper half so that a thousand agents do not return in one instant.</summary>
/// <param name="shortest">Of every time.</param>
/// <param name="longest">Of every time.</param>
/// <param name="random">Uniform in [0, 1).</param>
public sealed class Backoff(TimeSpan shortest, TimeSpan longest, Func<double> random)
{
    private TimeSpan _ceiling;

    public TimeSpan Shortest => shortest;

    public TimeSpan Longest => longest;

    /// <summary>For Control: 0.5 s to 30 s.</summary>
    public static Backoff ForControl(Func<double> random) => new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), random);

    public TimeSpan Next()
    {
        _ceiling = _ceiling == TimeSpan.Zero ? shortest : _ceiling * 2;
        if (_ceiling > longest)
            _ceiling = longest;
        var wait = _ceiling * (0.5 + 0.5 * random());
        return wait < shortest ? shortest : wait;
    }

    /// <summary>For what patience will not cure: between half of <see cref="Longest"/> and all of it.</summary>
    public TimeSpan Slow() => longest * (0.5 + 0.5 * random());

    public void Reset() => _ceiling = TimeSpan.Zero;
}
