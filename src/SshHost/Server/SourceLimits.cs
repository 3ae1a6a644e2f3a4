using System.Net;

namespace Keyhole.SshHost;

/// <summary>How many connections there may be, and how often one address may be wrong about the pre-shared key. Any thread.</summary>
internal sealed class SourceLimits(TimeProvider time)
{
    public const int MaximumConnections = 64;
    public const int MaximumConnectionsPerSource = 16;

    /// <summary>Wrong keys per <see cref="Window"/>; after that the source is refused until the window is over.</summary>
    public const int MaximumFailures = 10;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Sources that are remembered; all others share one place.</summary>
    private const int MaximumSources = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _connections = [];
    private readonly Dictionary<IPAddress, (int Count, long Since)> _failures = [];
    private int _count;

    /// <summary>Takes a place; false when there is none.</summary>
    public bool TryEnter(IPAddress source)
    {
        lock (_lock)
        {
            int of = _connections.GetValueOrDefault(source);
            if (_count >= MaximumConnections || of >= MaximumConnectionsPerSource)
                return false;
            _count++;
            _connections[source] = of + 1;
            return true;
        }
    }

    public void Leave(IPAddress source)
    {
        lock (_lock)
        {
            _count--;
            if (--_connections[source] == 0)
                _connections.Remove(source);
        }
    }

    /// <summary>False while the source has been wrong too often.</summary>
    public bool MayTry(IPAddress source)
    {
        lock (_lock)
            return !_failures.TryGetValue(Place(source), out var of) || of.Count < MaximumFailures || time.GetElapsedTime(of.Since) >= Window;
    }

    /// <summary>The source was wrong.</summary>
    /// <returns>True for the first time in a window.</returns>
    public bool Fail(IPAddress source)
    {
        lock (_lock)
        {
            foreach (var over in _failures.Where(failure => time.GetElapsedTime(failure.Value.Since) >= Window).Select(failure => failure.Key).ToList())
                _failures.Remove(over);
            var place = Place(source);
            var (count, since) = _failures.GetValueOrDefault(place, (0, time.GetTimestamp()));
            _failures[place] = (count + 1, since);
            return count == 0;
        }
    }

    private IPAddress Place(IPAddress source) => _failures.Count < MaximumSources || _failures.ContainsKey(source) ? source : IPAddress.None;
}
