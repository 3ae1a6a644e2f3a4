namespace Keyhole.Agent;

/// <summary>Waiting times that double from 0.5 s to 30 s, each spread over its upper half so that a thousand agents do not return in one instant.</summary>
/// <param name="random">Uniform in [0, 1).</param>
internal sealed class Backoff(Func<double> random)
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private TimeSpan _next = Shortest;

    public TimeSpan Next()
    {
        var ceiling = _next;
        _next = ceiling * 2 < Longest ? ceiling * 2 : Longest;
        var wait = ceiling * (0.5 + 0.5 * random());
        return wait < Shortest ? Shortest : wait;
    }

    /// <summary>For what patience will not cure: between half of <see cref="Longest"/> and all of it.</summary>
    public TimeSpan Slow() => Longest * (0.5 + 0.5 * random());

    public void Reset() => _next = Shortest;
}
