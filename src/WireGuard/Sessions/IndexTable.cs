using System.Numerics;
using System.Runtime.InteropServices;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>
/// Our receiver indices. They are random, so buckets stay short whatever a peer does, and a peer holds at most
/// <see cref="MaximumPerPeer"/>, so the table is bounded by the number of peers. A lookup follows links that are complete before they are published.
/// </summary>
internal sealed class IndexTable
{
    /// <summary>Previous, current and next session, and a pending initiation.</summary>
    public const int MaximumPerPeer = 4;

    /// <summary>How many refused or taken indices in a row mean that there is none.</summary>
    private const int MaximumAttempts = 32;

    private const int MaximumBuckets = 1 << 17;

    private readonly IndexedState?[] _buckets;
    private readonly RandomSource _random;
    private readonly Func<Peer, uint, bool>? _accept;

    public IndexTable(int maximumPeers, RandomSource random, Func<Peer, uint, bool>? accept)
    {
        _buckets = new IndexedState?[Math.Min(BitOperations.RoundUpToPowerOf2((uint)maximumPeers * 2), MaximumBuckets)];
        _random = random;
        _accept = accept;
    }

    public int Count { get; private set; }

    public IndexedState? Find(uint index)
    {
        var state = Volatile.Read(ref Bucket(index));
        while (state is not null && state.Index != index)
            state = state.NextInBucket;
        return state;
    }

    /// <summary>Gives the state a fresh random index that nobody holds and the owner accepts.</summary>
    public bool TryAssign(IndexedState state)
    {
        for (int attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            uint index = 0;
            _random.Fill(MemoryMarshal.AsBytes(new Span<uint>(ref index)));
            if (Find(index) is null && _accept?.Invoke(state.Peer, index) != false)
            {
                Add(state, index);
                return true;
            }
        }

        return false;
    }

    /// <summary>Hands an index on: from an initiation to the session that its response gave.</summary>
    public void Transfer(IndexedState from, IndexedState to)
    {
        Remove(from);
        Add(to, from.Index);
    }

    public void Remove(IndexedState state)
    {
        ref var slot = ref Bucket(state.Index);
        while (slot is { } found)
        {
            if (ReferenceEquals(found, state))
            {
                Volatile.Write(ref slot, found.NextInBucket);
                Count--;
                return;
            }

            slot = ref found.NextInBucket;
        }
    }

    private void Add(IndexedState state, uint index)
    {
        ref var bucket = ref Bucket(index);
        state.Index = index;
        state.NextInBucket = bucket;
        Volatile.Write(ref bucket, state);
        Count++;
    }

    private ref IndexedState? Bucket(uint index) => ref _buckets[index & (uint)(_buckets.Length - 1)];
}
