namespace Keyhole.Control;

/// <summary>
/// What was used and must not be used again before it expires by itself. Bounded: noted is only what has proven to be right, so that nobody
/// uses up the room who cannot log in.
/// </summary>
internal sealed class UsedTickets(TimeProvider time)
{
    private const int Maximum = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _used = new(StringComparer.Ordinal);

    /// <summary>Whether this is the first use.</summary>
    /// <param name="expires">In Unix seconds.</param>
    public bool Use(string id, long expires)
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_lock)
        {
            if (_used.Count >= Maximum)
            {
                foreach (string old in _used.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
                    _used.Remove(old);
            }

            return expires > now && _used.Count < Maximum && _used.TryAdd(id, expires);
        }
    }
}
