using System.Collections;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>The prefixes that one peer may use as source and that route to it. A prefix belongs to at most one peer of a device.</summary>
public sealed class AllowedIpSet : IReadOnlyCollection<IpPrefix>
{
    private readonly AllowedIpsTrie _trie;
    private readonly Peer _peer;
    private readonly List<IpPrefix> _prefixes = [];

    internal AllowedIpSet(AllowedIpsTrie trie, Peer peer)
    {
        _trie = trie;
        _peer = peer;
    }

    public int Count => _prefixes.Count;

    /// <summary>Gives the prefix to this peer; another peer that had it loses it, as with <c>wg set … allowed-ips</c>.</summary>
    /// <exception cref="InvalidOperationException">The peer was removed.</exception>
    public void Add(IpPrefix prefix)
    {
        if (_peer.IsRemoved)
            throw new InvalidOperationException("The peer was removed.");
        var previous = _trie.Add(prefix, _peer);
        if (ReferenceEquals(previous, _peer))
            return;
        previous?.AllowedIps.Forget(prefix);
        _prefixes.Add(prefix);
    }

    /// <summary>Takes the prefix away; false when the peer does not have exactly this one.</summary>
    public bool Remove(IpPrefix prefix)
    {
        if (!_trie.Remove(prefix, _peer))
            return false;
        Forget(prefix);
        return true;
    }

    public void Clear()
    {
        foreach (var prefix in _prefixes)
            _trie.Remove(prefix, _peer);
        _prefixes.Clear();
    }

    public bool Contains(IpPrefix prefix) => _prefixes.Contains(prefix);

    public IEnumerator<IpPrefix> GetEnumerator() => _prefixes.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Forget(IpPrefix prefix) => _prefixes.Remove(prefix);
}
