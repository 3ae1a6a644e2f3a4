using System.Net;

namespace Keyhole.SshHost;

/// <summary>
/// How many connections there may be, and how often one source may be wrong about the pre-shared key. Whoever has not shown the key makes room for whoever comes: silent
/// connections keep nobody out. Any thread.
/// </summary>
internal sealed class SourceLimits(TimeProvider time)
{
    public const int MaximumConnections = 64;
    public const int MaximumConnectionsPerSource = 16;

    /// <summary>Wrong keys per <see cref="Window"/>; after that the source is refused until the window is over.</summary>
    public const int MaximumFailures = 10;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of an IPv6 address that tell one party from another.</summary>
    private const int PrefixLength = 8;

    /// <summary>Sources that are remembered; all others share one place.</summary>
    private const int MaximumSources = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (int Count, long Since)> _failures = [];

    /// <summary>The oldest first.</summary>
    private readonly LinkedList<ConnectionPlace> _places = [];

    /// <summary>What one party has many of counts as one: a /64 of IPv6, and all of this host's 127.0.0.0/8.</summary>
    public static IPAddress SourceOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address))
            return IPAddress.Loopback;
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length > PrefixLength)
            bytes.AsSpan(PrefixLength).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Takes a place, perhaps that of another connection, which is dropped; null when there is none.</summary>
    /// <param name="drop">Ends the connection, on any thread.</param>
    public ConnectionPlace? TryEnter(IPAddress source, Action drop)
    {
        var place = new ConnectionPlace(source, drop);
        ConnectionPlace? former = null;
        lock (_lock)
        {
            bool isSourceFull = _places.Count(other => other.Source.Equals(source)) >= MaximumConnectionsPerSource;
            if (isSourceFull || _places.Count >= MaximumConnections)
            {
                former = _places.FirstOrDefault(other => !other.HasKey && (!isSourceFull || other.Source.Equals(source)));
                if (former is null)
                    return null;
                _places.Remove(former);
            }

            _places.AddLast(place);
        }

        former?.Drop();
        return place;
    }

    public void Leave(ConnectionPlace place)
    {
        lock (_lock)
            _places.Remove(place);
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
