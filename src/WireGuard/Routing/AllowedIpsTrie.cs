using System.Numerics;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// Cryptokey routing (paper section 2): the peer that owns the longest prefix of an address, by a path-compressed binary trie per family. A node is
/// complete before it is linked, so that a reader on another thread sees the old tree or the new one.
/// </summary>
internal sealed class AllowedIpsTrie
{
    private const int MappedBits = 96;

    private TrieNode? _ipv4;
    private TrieNode? _ipv6;

    /// <summary>The owner of the longest prefix that holds the address.</summary>
    public Peer? Find(IpAddress address)
    {
        ulong high = address.High, low = address.Low;
        Peer? owner = null;
        var node = address.IsIpv4 ? _ipv4 : _ipv6;
        while (node is not null && CommonBits(node.High ^ high, node.Low ^ low) >= node.Length)
        {
            owner = node.Owner ?? owner;
            if (node.Length == 128)
                break;
            node = Bit(high, low, node.Length) == 0 ? node.Zero : node.One;
        }

        return owner;
    }

    /// <summary>Makes the peer the owner of the prefix and returns who was it before.</summary>
    public Peer? Add(IpPrefix prefix, Peer owner)
    {
        ulong high = prefix.Address.High, low = prefix.Address.Low;
        int length = TrieLength(prefix);
        ref var slot = ref Root(prefix);
        while (slot is { } node)
        {
            int common = Math.Min(CommonBits(node.High ^ high, node.Low ^ low), Math.Min(node.Length, length));
            if (common < node.Length)
            {
                slot = common == length
                    ? WithChild(new TrieNode(high, low, length, owner), node)
                    : WithChild(WithChild(Fork(high, low, common), node), new TrieNode(high, low, length, owner));
                return null;
            }

            if (node.Length == length)
            {
                var previous = node.Owner;
                node.Owner = owner;
                return previous;
            }

            slot = ref Child(node, high, low);
        }

        slot = new TrieNode(high, low, length, owner);
        return null;
    }

    /// <summary>Takes the prefix away from its owner; false when the peer does not own exactly this prefix.</summary>
    public bool Remove(IpPrefix prefix, Peer owner)
    {
        ulong high = prefix.Address.High, low = prefix.Address.Low;
        int length = TrieLength(prefix);
        ref var slot = ref Root(prefix);
        ref var parent = ref slot;
        while (slot is { } node && node.Length <= length && CommonBits(node.High ^ high, node.Low ^ low) >= node.Length)
        {
            if (node.Length == length)
            {
                if (!ReferenceEquals(node.Owner, owner))
                    return false;
                node.Owner = null;
                Compact(ref slot);
                Compact(ref parent);
                return true;
            }

            parent = ref slot;
            slot = ref Child(node, high, low);
        }

        return false;
    }

    /// <summary>Takes out a node that neither has an owner nor parts two prefixes.</summary>
    private static void Compact(ref TrieNode? slot)
    {
        if (slot is { Owner: null } node && (node.Zero is null || node.One is null))
            slot = node.Zero ?? node.One;
    }

    private static TrieNode Fork(ulong high, ulong low, int length)
    {
        ulong highMask = length >= 64 ? ulong.MaxValue : ~(ulong.MaxValue >> length);
        ulong lowMask = length >= 128 ? ulong.MaxValue : length <= 64 ? 0 : ~(ulong.MaxValue >> (length - 64));
        return new TrieNode(high & highMask, low & lowMask, length, null);
    }

    private static TrieNode WithChild(TrieNode node, TrieNode child)
    {
        Child(node, child.High, child.Low) = child;
        return node;
    }

    private static ref TrieNode? Child(TrieNode node, ulong high, ulong low) =>
        ref Bit(high, low, node.Length) == 0 ? ref node.Zero : ref node.One;

    private static ulong Bit(ulong high, ulong low, int index) => index < 64 ? (high >> (63 - index)) & 1 : (low >> (127 - index)) & 1;

    private static int CommonBits(ulong high, ulong low) => high != 0 ? BitOperations.LeadingZeroCount(high) : 64 + BitOperations.LeadingZeroCount(low);

    private static int TrieLength(IpPrefix prefix) => prefix.Address.IsIpv4 ? prefix.Length + MappedBits : prefix.Length;

    private ref TrieNode? Root(IpPrefix prefix) => ref prefix.Address.IsIpv4 ? ref _ipv4 : ref _ipv6;
}
