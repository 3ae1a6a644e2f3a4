namespace Keyhole.Tunnel;

/// <summary>
/// A private network as the client sees it: the connectors that lead there, and which of them carries which flows. A flow belongs to one of a fixed
/// number of buckets; a bucket stays with its connector while that is up, however the others come and go, and is chosen by rendezvous hashing when it
/// was idle or its connector is gone.
/// </summary>
internal sealed class ClientSite(int id, string name)
{
    private const int BucketCount = 1024;

    /// <summary>A bucket that carried nothing for so long has no open flow that would notice another connector.</summary>
    private const long IdleAfter = 300_000_000;

    private readonly ConnectorLink?[] _links = new ConnectorLink?[BucketCount];
    private readonly long[] _usedAt = new long[BucketCount];

    public int Id { get; } = id;

    public string Name { get; set; } = name;

    public List<ConnectorLink> Connectors { get; } = [];

    /// <summary>Whether packets to the site would leave at once through one of its connectors.</summary>
    public bool HasSession(long now)
    {
        foreach (var link in Connectors)
        {
            if (link.Peer.HasSession(now))
                return true;
        }

        return false;
    }

    /// <summary>The connector for a packet of a flow with this hash; null when the site has none that may be tried.</summary>
    public ConnectorLink? Pick(ulong hash, long now)
    {
        int bucket = (int)(hash % BucketCount);
        ref var link = ref _links[bucket];
        bool isFresh = now - _usedAt[bucket] < IdleAfter;
        _usedAt[bucket] = now;
        if (link is { IsUsable: true } && isFresh && Connectors.Contains(link))
            return link;
        return link = Best((ulong)bucket, takesNew: true) ?? Best((ulong)bucket, takesNew: false);
    }

    /// <summary>Of those that are up the one that scores highest; where none is up, of all, since one must be tried.</summary>
    private ConnectorLink? Best(ulong bucket, bool takesNew)
    {
        ConnectorLink? best = null;
        ulong bestScore = 0;
        foreach (var connector in Connectors)
        {
            if (takesNew && (!connector.IsUsable || connector.Row.Draining))
                continue;
            ulong score = Mix(bucket * 0x9E37_79B9_7F4A_7C15 ^ (ulong)connector.Row.Id);
            if (best is null || score > bestScore)
                (best, bestScore) = (connector, score);
        }

        return best;
    }

    /// <summary>The finaliser of SplitMix64: every bit of the input moves every bit of the result.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
