namespace Keyhole.NetStack;

/// <summary>
/// SRTT, RTTVAR and RTO (RFC 6298) in microseconds, and the windowed minimum that RACK and the congestion controllers need. As in Linux,
/// the variance term, not the sum, has the lower bound: a peer that delays acknowledgements by 200 ms causes no timeout.
/// </summary>
internal struct RttEstimator
{
    /// <summary>RFC 6298 section 2.1.</summary>
    public const long InitialRto = 1_000_000;

    private const long MinimumWindow = 150_000_000;

    private long _currentMinimum;
    private long _previousMinimum;
    private long _minimumSince;

    /// <summary>0 before the first sample.</summary>
    public long Smoothed { get; private set; }

    public long Variation { get; private set; }

    /// <summary>The smallest sample of the last 150 to 300 seconds; <see cref="long.MaxValue"/> before the first.</summary>
    public readonly long Minimum => Math.Min(_currentMinimum, _previousMinimum);

    public void Reset()
    {
        this = default;
        _currentMinimum = _previousMinimum = long.MaxValue;
    }

    /// <param name="sample">The whole time that the oldest segment of an acknowledgement took.</param>
    /// <param name="shortest">The same of its youngest: without what the peer held back.</param>
    public void Add(long sample, long shortest, long now)
    {
        sample = Math.Max(1, sample);
        shortest = Math.Clamp(shortest, 1, sample);
        if (Smoothed == 0)
        {
            Smoothed = sample;
            Variation = sample / 2;
            _minimumSince = now;
        }
        else
        {
            // RFC 6298 section 2.3: alpha 1/8, beta 1/4.
            Variation += (Math.Abs(Smoothed - sample) - Variation) / 4;
            Smoothed = Math.Max(1, Smoothed + ((sample - Smoothed) / 8));
        }

        if (now - _minimumSince > MinimumWindow)
        {
            _previousMinimum = _currentMinimum;
            _currentMinimum = shortest;
            _minimumSince = now;
        }

        _currentMinimum = Math.Min(_currentMinimum, shortest);
    }

    /// <summary>RFC 6298 sections 2.2 to 2.5 and 5.5, with <paramref name="backoff"/> doublings.</summary>
    public readonly long Rto(int backoff, long minimum, long maximum)
    {
        long rto = Smoothed == 0 ? InitialRto : Smoothed + Math.Max(minimum, 4 * Variation);
        return Math.Min(maximum, Math.Min(rto, maximum) << Math.Min(backoff, 16));
    }
}
