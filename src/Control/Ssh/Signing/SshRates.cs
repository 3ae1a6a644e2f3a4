namespace Keyhole.Control;

/// <summary>How many certificates one user may ask for, a burst for scripts that copy many files and no more than anybody can use, and how often it is written down that one was refused.</summary>
internal sealed class SshRates(TimeProvider time)
{
    public const int PerMinute = 60;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<DateTimeOffset>> _asked = [];
    private readonly Dictionary<string, DateTimeOffset> _refused = [];

    /// <summary>Counts one more; false when it is one too many.</summary>
    public bool TryCount(string user)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_asked.TryGetValue(user, out var asked))
            {
                foreach (string idle in _asked.Where(entry => entry.Value.All(at => now - at >= Window)).Select(entry => entry.Key).ToList())
                    _asked.Remove(idle);
                _asked.Add(user, asked = new Queue<DateTimeOffset>());
            }

            while (asked.TryPeek(out var first) && now - first >= Window)
                asked.Dequeue();
            if (asked.Count == PerMinute)
                return false;
            asked.Enqueue(now);
            return true;
        }
    }

    /// <summary>Whether a refusal is the first within a minute.</summary>
    public bool IsFirstRefusal(string user)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (string old in _refused.Where(entry => now - entry.Value >= Window).Select(entry => entry.Key).ToList())
                _refused.Remove(old);
            return _refused.TryAdd(user, now);
        }
    }
}
