using System.Diagnostics.CodeAnalysis;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Connections in TIME-WAIT as records of one array, in the order of their end: the oldest is the first to expire, and the one that
/// gives way when the table is full.
/// </summary>
internal sealed class TimeWaitTable(int maximum, long duration, ulong hashKey)
{
    private readonly Dictionary<FlowKey, long> _index = new(new KeyComparer(hashKey));
    private Entry[] _ring = new Entry[16];
    private long _first;
    private long _end;

    public int Count => _index.Count;

    /// <summary>When the oldest record expires.</summary>
    public long NextDeadline => _first == _end ? long.MaxValue : At(_first).ExpiresAt;

    public void Add(in FlowKey incoming, int peer, uint sndNxt, uint rcvNxt, bool timestampsOn, uint tsRecent, uint timestampOffset, long now)
    {
        Remove(incoming);

        // Records that a reuse has ended wait in the ring for their turn; there are never more of them than of the others.
        while (_first < _end && (_index.Count >= maximum || _end - _first >= 2L * maximum))
            RemoveFirst();
        if (_end - _first == _ring.Length)
            Grow();
        _index[incoming] = _end;
        At(_end++) = new Entry
        {
            Key = incoming,
            Peer = peer,
            SndNxt = sndNxt,
            RcvNxt = rcvNxt,
            TimestampsOn = timestampsOn,
            TsRecent = tsRecent,
            TimestampOffset = timestampOffset,
            ExpiresAt = now + duration,
        };
    }

    /// <summary>The record of a connection; a reference that holds until the next Add.</summary>
    public ref Entry Find(in FlowKey incoming, out bool found)
    {
        found = _index.TryGetValue(incoming, out long number);
        return ref At(found ? number : 0);
    }

    public void Remove(in FlowKey incoming)
    {
        if (_index.Remove(incoming, out long number))
            At(number).IsDead = true;
        while (_first < _end && At(_first).IsDead)
            _first++;
    }

    public void Expire(long now)
    {
        while (_first < _end && (At(_first).IsDead || At(_first).ExpiresAt <= now))
            RemoveFirst();
    }

    public void RemovePeer(int peer)
    {
        for (long number = _first; number < _end; number++)
        {
            var entry = At(number);
            if (!entry.IsDead && entry.Peer == peer)
                Remove(entry.Key);
        }
    }

    private ref Entry At(long number) => ref _ring[number & (_ring.Length - 1)];

    private void RemoveFirst()
    {
        ref var entry = ref At(_first);
        if (entry.IsDead)
            _first++;
        else
            Remove(entry.Key);
    }

    private void Grow()
    {
        var larger = new Entry[_ring.Length * 2];
        for (long number = _first; number < _end; number++)
            larger[number & (larger.Length - 1)] = At(number);
        _ring = larger;
    }

    internal struct Entry
    {
        public FlowKey Key;
        public long ExpiresAt;
        public int Peer;
        public uint SndNxt;
        public uint RcvNxt;
        public uint TsRecent;
        public uint TimestampOffset;
        public bool TimestampsOn;
        public bool IsDead;
    }

    private sealed class KeyComparer(ulong hashKey) : IEqualityComparer<FlowKey>
    {
        public bool Equals(FlowKey left, FlowKey right) => left.Equals(right);

        public int GetHashCode([DisallowNull] FlowKey key) => (int)key.Hash(hashKey);
    }
}
