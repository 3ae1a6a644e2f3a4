namespace Keyhole.Control;

/// <summary>Failures by key, each with the instant from which the next try is heard: after some free ones the wait doubles. Bounded.</summary>
internal sealed class AttemptBuckets(TimeProvider time)
{
    public const int MaximumKeys = 8192;

    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly Dictionary<string, (int Count, DateTimeOffset At)> _failures = new(StringComparer.Ordinal);

    public int Count => _failures.Count;

    /// <summary>How long this key has to wait; zero when it does not.</summary>
    /// <param name="free">Failures before the first wait.</param>
    public TimeSpan WaitOf(string key, int free)
    {
        if (!_failures.TryGetValue(key, out var bucket) || bucket.Count < free)
            return TimeSpan.Zero;
        var now = time.GetUtcNow();
        if (now - bucket.At >= Memory)
            return TimeSpan.Zero;
        var wait = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, bucket.Count - free), LongestWait.TotalSeconds));
        var left = bucket.At + wait - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    public void Add(string key)
    {
        var now = time.GetUtcNow();
        var bucket = _failures.GetValueOrDefault(key);
        int count = now - bucket.At >= Memory ? 0 : bucket.Count;
        if (!_failures.ContainsKey(key))
            MakeRoom(now);
        _failures[key] = (Math.Min(count + 1, 64), now);
    }

    /// <summary>The last failure was none.</summary>
    public void TakeBack(string key)
    {
        if (_failures.TryGetValue(key, out var bucket))
            _failures[key] = (bucket.Count - 1, bucket.At);
    }

    public void Clear(string key) => _failures.Remove(key);

    private void MakeRoom(DateTimeOffset now)
    {
        if (_failures.Count < MaximumKeys)
            return;
        foreach (var (key, bucket) in _failures)
        {
            if (now - bucket.At >= Memory)
                _failures.Remove(key);
        }

        // Under attack from everywhere the oldest go, many at a time, so that this is rare.
        if (_failures.Count >= MaximumKeys)
        {
            foreach (string key in _failures.OrderBy(pair => pair.Value.At).Take(MaximumKeys / 8).Select(pair => pair.Key).ToList())
                _failures.Remove(key);
        }
    }
}
