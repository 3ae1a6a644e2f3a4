using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Initiations under way by (responder, sender index). Whatever arrives, at most <see cref="MaximumPerPair"/> of a pair and
/// <see cref="MaximumPerInitiator"/> of an initiator are held, for <see cref="Lifetime"/>: the oldest gives way. An agent that was removed, and a pair that
/// nothing grants any more, are found by nobody.
/// </summary>
internal sealed class PendingTable
{
    /// <summary>In microseconds: longer than a retry, shorter than what an attacker needs to guess.</summary>
    public const long Lifetime = 6_000_000;

    public const int MaximumPerPair = 4;
    public const int MaximumPerInitiator = 32;

    private const int None = -1;
    private const int FirstCapacity = 64;

    private readonly int _maximum;
    private readonly ulong _hashKey;
    private PendingHandshake[] _entries = new PendingHandshake[FirstCapacity];
    private int[] _buckets = new int[2 * FirstCapacity];
    private int _end;
    private int _free = None;
    private int _oldest = None;
    private int _newest = None;

    /// <param name="maximum">Most of all agents together; the oldest gives way.</param>
    /// <param name="hashKey">Random, so that nobody can choose indices that fall together.</param>
    public PendingTable(int maximum, ulong hashKey)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, FirstCapacity);
        _maximum = maximum;
        _hashKey = hashKey | 1;
        Array.Fill(_buckets, None);
    }

    public int Count { get; private set; }

    /// <summary>Valid until the next call that takes the table's place away: use it at once.</summary>
    public ref PendingHandshake this[int place] => ref _entries[place];

    /// <summary>The place of a live pending handshake; -1 for none.</summary>
    public int Find(AgentSlot responder, uint senderIndex, long now)
    {
        for (int place = Bucket(responder, senderIndex); place != None; place = _entries[place].NextInBucket)
        {
            ref var entry = ref _entries[place];
            if (entry.SenderIndex == senderIndex && entry.Responder == responder)
                return now - entry.At < Lifetime && entry.Initiator.MayMeet(responder) ? place : None;
        }

        return None;
    }

    /// <summary>How many of a pair are younger than <paramref name="age"/>: at most <see cref="MaximumPerPair"/>.</summary>
    public int CountSince(AgentSlot initiator, AgentSlot responder, long age, long now)
    {
        int count = 0;
        for (int place = initiator.NewestPending; place != None && now - _entries[place].At < age; place = _entries[place].OlderOfInitiator)
            count += _entries[place].Responder == responder ? 1 : 0;
        return count;
    }

    /// <summary>Adds what <see cref="Find"/> has not found.</summary>
    public void Add(AgentSlot initiator, AgentSlot responder, uint senderIndex, in IpEndpoint source, long now)
    {
        Expire(now);
        RemoveKey(responder, senderIndex);
        MakeWay(initiator, responder);
        if (Count == _maximum)
            Remove(_oldest);
        int place = Take();
        ref int bucket = ref Bucket(responder, senderIndex);
        ref var entry = ref _entries[place];
        entry = new PendingHandshake
        {
            Initiator = initiator,
            Responder = responder,
            SenderIndex = senderIndex,
            Source = source,
            At = now,
            NextInBucket = bucket,
            Older = _newest,
            Newer = None,
            OlderOfInitiator = initiator.NewestPending,
            NewerOfInitiator = None,
        };
        bucket = place;
        if (_newest != None)
            _entries[_newest].Newer = place;
        else
            _oldest = place;
        _newest = place;
        if (entry.OlderOfInitiator != None)
            _entries[entry.OlderOfInitiator].NewerOfInitiator = place;
        initiator.NewestPending = place;
        Count++;
    }

    /// <summary>Takes out what is over.</summary>
    public void Expire(long now)
    {
        while (_oldest != None && now - _entries[_oldest].At >= Lifetime)
            Remove(_oldest);
    }

    private void MakeWay(AgentSlot initiator, AgentSlot responder)
    {
        int all = 0, ofPair = 0, oldest = None, oldestOfPair = None;
        for (int place = initiator.NewestPending; place != None; place = _entries[place].OlderOfInitiator)
        {
            all++;
            oldest = place;
            if (_entries[place].Responder != responder)
                continue;
            ofPair++;
            oldestOfPair = place;
        }

        if (ofPair >= MaximumPerPair)
            Remove(oldestOfPair);
        else if (all >= MaximumPerInitiator)
            Remove(oldest);
    }

    /// <summary>One that is over, or that nothing grants any more, may still stand under the key.</summary>
    private void RemoveKey(AgentSlot responder, uint senderIndex)
    {
        for (int place = Bucket(responder, senderIndex); place != None; place = _entries[place].NextInBucket)
        {
            if (_entries[place].SenderIndex != senderIndex || _entries[place].Responder != responder)
                continue;
            Remove(place);
            return;
        }
    }

    private void Remove(int place)
    {
        ref var entry = ref _entries[place];
        ref int link = ref Bucket(entry.Responder, entry.SenderIndex);
        while (link != place)
            link = ref _entries[link].NextInBucket;
        link = entry.NextInBucket;
        if (entry.Older != None)
            _entries[entry.Older].Newer = entry.Newer;
        else
            _oldest = entry.Newer;
        if (entry.Newer != None)
            _entries[entry.Newer].Older = entry.Older;
        else
            _newest = entry.Older;
        if (entry.OlderOfInitiator != None)
            _entries[entry.OlderOfInitiator].NewerOfInitiator = entry.NewerOfInitiator;
        if (entry.NewerOfInitiator != None)
            _entries[entry.NewerOfInitiator].OlderOfInitiator = entry.OlderOfInitiator;
        else
            entry.Initiator.NewestPending = entry.OlderOfInitiator;
        entry = default;
        entry.NextInBucket = _free;
        _free = place;
        Count--;
    }

    private int Take()
    {
        if (_free != None)
        {
            int place = _free;
            _free = _entries[place].NextInBucket;
            return place;
        }

        if (_end == _entries.Length)
            Grow();
        return _end++;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, Math.Min(2 * _entries.Length, _maximum));
        _buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(2 * _entries.Length))];
        Array.Fill(_buckets, None);
        for (int place = _oldest; place != None; place = _entries[place].Newer)
        {
            ref int bucket = ref Bucket(_entries[place].Responder, _entries[place].SenderIndex);
            _entries[place].NextInBucket = bucket;
            bucket = place;
        }
    }

    private ref int Bucket(AgentSlot responder, uint senderIndex)
    {
        ulong key = ((ulong)(uint)responder.Index << 32) | senderIndex;
        ulong hash = Math.BigMul(key ^ _hashKey, 0x9E37_79B9_7F4A_7C15 ^ (_hashKey << 1), out ulong low) ^ low;
        return ref _buckets[hash & (ulong)(_buckets.Length - 1)];
    }
}
