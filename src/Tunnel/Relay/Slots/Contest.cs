using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Whether two devices use one key, as when a configuration was copied. A device sends under the newest session that it made and never again under an older
/// one. So an address that is confirmed after data came from there under an older session than its agent has used already belongs to another device, twice
/// within ten minutes to be sure. Data under the newest session from a new address is one device that moves, however often: then the count begins anew.
/// </summary>
internal struct Contest
{
    private const long Second = 1_000_000;

    /// <summary>What is on its way while a device moves arrives within this time, and counts once.</summary>
    private const long LeastInterval = 5 * Second;

    /// <summary>An idle device is heard once a handshake, every two minutes.</summary>
    private const long Memory = 600 * Second;

    private int _count;
    private long _countedAt;
    private IpEndpoint _first;
    private IpEndpoint _second;

    /// <summary>One device moved.</summary>
    public void Clear() => _count = 0;

    /// <summary>Another device took the agent's address away.</summary>
    /// <returns>True when that makes the contest known.</returns>
    public bool Note(in IpEndpoint before, in IpEndpoint address, long now)
    {
        if (_count > 0 && now - _countedAt < LeastInterval)
            return false;
        bool wasKnown = IsKnown(now);
        _count = _count > 0 && now - _countedAt <= Memory ? Math.Min(_count + 1, 2) : 1;
        (_countedAt, _first, _second) = (now, before, address);
        return !wasKnown && IsKnown(now);
    }

    /// <summary>The two addresses of the last change, and when it was; null when there is nothing to tell.</summary>
    public readonly (IpEndpoint First, IpEndpoint Second, long At)? Describe(long now) => IsKnown(now) ? (_first, _second, _countedAt) : null;

    private readonly bool IsKnown(long now) => _count == 2 && now - _countedAt <= Memory;
}
