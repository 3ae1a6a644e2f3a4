using System.Net;

namespace Keyhole.Control;

/// <summary>
/// Counts wrong secrets per source address, so that a flood is answered and logged cheaply. A right secret is never refused by
/// it: nobody can lock an agent out by failing in its place, or from behind the same proxy.
/// </summary>
internal sealed class FailureLimiter(TimeProvider time)
{
    public const int AllowedPerMinute = 10;

    private const int MaximumAddresses = 4096;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (long StartedAt, int Count)> _failures = [];

    /// <summary>Counts a failure.</summary>
    /// <returns>How many there were within the minute, this one included.</returns>
    public int Count(IPAddress address)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            var (startedAt, count) = _failures.GetValueOrDefault(address, (now, 0));
            if (time.GetElapsedTime(startedAt, now) >= Window)
                (startedAt, count) = (now, 0);
            if (_failures.Count >= MaximumAddresses && !_failures.ContainsKey(address))
                _failures.Clear();
            _failures[address] = (startedAt, count + 1);
            return count + 1;
        }
    }
}
