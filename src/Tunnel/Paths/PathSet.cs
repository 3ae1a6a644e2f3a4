using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// The ways past the relay between two agents: those of the last introduction, those that the other's pings came from, and of them the one in use.
/// </summary>
/// <param name="isJudge">On the client's side, which pings and chooses; the connector listens and follows.</param>
/// <param name="largestMtu">The longest inner packet that is sought for on each.</param>
internal sealed class PathSet(bool isJudge, int largestMtu)
{
    /// <summary>Of an introduction.</summary>
    public const int MaximumCandidates = 8;

    /// <summary>Found by pings that came from there.</summary>
    public const int MaximumDiscovered = 4;

    /// <summary>A direct path may be slower than the relay by half and by this.</summary>
    public const long SlowerBy = 20_000;

    /// <summary>A path that is faster than the one in use by a fifth and by this takes its place, but not before <see cref="LeastStay"/> is over.</summary>
    public const long FasterBy = 5_000;

    public const long LeastStay = 10_000_000;

    private readonly List<PathProbe> _probes = [];
    private long _usedSince;

    /// <summary>Where data goes; null: through the relay.</summary>
    public PathProbe? InUse { get; private set; }

    /// <summary>When <see cref="TakeDue"/> may find something.</summary>
    public long Deadline
    {
        get
        {
            long next = long.MaxValue;
            foreach (var probe in _probes)
                next = Math.Min(next, Math.Min(probe.Deadline, probe.Search.Deadline));
            return next;
        }
    }

    /// <summary>What is known of this address; null for nothing.</summary>
    public PathProbe? Find(in IpEndpoint endpoint)
    {
        if (InUse is { } used && used.Endpoint == endpoint)
            return used;
        foreach (var probe in _probes)
        {
            if (probe.Endpoint == endpoint)
                return probe;
        }

        return null;
    }

    /// <summary>A new introduction: attempts of the last one end, paths stay.</summary>
    public void BeginIntroduction() => _probes.RemoveAll(probe => !probe.IsProven && !probe.IsDiscovered);

    /// <summary>A candidate of the introduction; beyond <see cref="MaximumCandidates"/>, and twice the same, nothing happens.</summary>
    public void Introduce(in IpEndpoint endpoint, PathKind kind, ulong nonce, long now)
    {
        if (CountOf(isDiscovered: false) < MaximumCandidates)
            Add(endpoint, kind, isDiscovered: false, nonce, now);
    }

    /// <summary>An authentic ping came from an address that nobody has named: the other side is behind a translator that chose another port.</summary>
    public void Discover(in IpEndpoint endpoint, PathKind kind, ulong nonce, long now)
    {
        if (CountOf(isDiscovered: true) < MaximumDiscovered)
            Add(endpoint, kind, isDiscovered: true, nonce, now);
    }

    /// <summary>A probe of which something is due; null when there is none. What has failed is in the set no more.</summary>
    public PathProbe? TakeDue(long now, out PathStep step)
    {
        for (int index = _probes.Count - 1; index >= 0; index--)
        {
            var probe = _probes[index];
            step = probe.Next(now);
            if (step == PathStep.None)
                continue;
            if (step == PathStep.Failed)
                _probes.RemoveAt(index);
            return probe;
        }

        step = PathStep.None;
        return null;
    }

    /// <summary>A path whose MTU is sought, and the length of the ping that is due there; null when there is none.</summary>
    public PathProbe? TakeMtuDue(long now, out int length)
    {
        foreach (var probe in _probes)
        {
            if ((length = probe.Search.Next(now)) > 0)
                return probe;
        }

        length = 0;
        return null;
    }

    /// <summary>A path of whose MTU enough is known now, and which nobody has looked at since; null when there is none.</summary>
    public PathProbe? TakeDecided()
    {
        foreach (var probe in _probes)
        {
            if (probe is { IsMtuDecided: true, IsConsidered: false, IsProven: true })
            {
                probe.IsConsidered = true;
                return probe;
            }
        }

        return null;
    }

    /// <summary>Takes back what has failed but is the only way.</summary>
    public void Restore(PathProbe probe, long now)
    {
        probe.Persist(now);
        _probes.Add(probe);
    }

    /// <summary>Data goes this way from now on; null: through the relay.</summary>
    public void Use(PathProbe? probe, long now)
    {
        InUse?.Use(false, now);
        InUse = probe;
        _usedSince = now;
        probe?.Use(true, now);
    }

    /// <summary>
    /// Whether the client should use this path, which has just answered. Instead of the relay: unless it is clearly slower, since it spares the relay its
    /// transit. It waits until it is known how long packets may be there, so that no flow shrinks for a moment. Instead of another path: a local one always, one of the same kind when it is clearly faster, so that paths that are alike do not take turns.
    /// </summary>
    /// <param name="relayed">Round trip through the relay in microseconds, 0 when not known.</param>
    public bool Prefers(PathProbe probe, long relayed, long now)
    {
        if (probe == InUse || !probe.IsProven || !probe.IsMtuDecided)
            return false;
        if (InUse is not { } used)
            return probe.Kind == PathKind.Local || relayed == 0 || probe.RoundTrip <= relayed + (relayed / 2) + SlowerBy;
        if (probe.Kind != used.Kind)
            return probe.Kind == PathKind.Local;
        return probe.RoundTrip + FasterBy < used.RoundTrip - (used.RoundTrip / 5) && now - _usedSince >= LeastStay;
    }

    /// <summary>Asks all paths at once whether they still stand.</summary>
    public void Doubt(long now)
    {
        foreach (var probe in _probes)
            probe.Doubt(now);
    }

    /// <summary>The network has changed: what the paths carry is to be shown anew.</summary>
    public void ForgetMtu()
    {
        foreach (var probe in _probes)
            probe.ForgetMtu();
    }

    /// <summary>Forgets all paths to such addresses.</summary>
    /// <returns>The one in use, when it was among them: what is used instead is the caller's to say.</returns>
    public PathProbe? Remove(Predicate<IpAddress> leadsNowhere)
    {
        _probes.RemoveAll(probe => leadsNowhere(probe.Endpoint.Address));
        return InUse is { } used && leadsNowhere(used.Endpoint.Address) ? used : null;
    }

    public void Clear()
    {
        _probes.Clear();
        InUse = null;
    }

    private int CountOf(bool isDiscovered)
    {
        int count = 0;
        foreach (var probe in _probes)
            count += probe.IsDiscovered == isDiscovered ? 1 : 0;
        return count;
    }

    private void Add(in IpEndpoint endpoint, PathKind kind, bool isDiscovered, ulong nonce, long now)
    {
        if (Find(endpoint) is null)
            _probes.Add(new PathProbe(endpoint, kind, isDiscovered, isJudge, largestMtu, nonce, now));
    }
}
