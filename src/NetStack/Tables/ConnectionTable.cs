using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Connections by the key of the packets that arrive for them: open addressing with linear probing, at most half full, under a hash
/// that peers cannot steer. Removal moves later entries up, so there are no tombstones.
/// </summary>
internal sealed class ConnectionTable(ulong hashKey)
{
    private Entry[] _entries = new Entry[64];

    public int Count { get; private set; }

    public Connection? Find(in FlowKey key)
    {
        uint hash = Hash(key);
        for (int i = Place(hash); ; i = Next(i))
        {
            ref readonly var entry = ref _entries[i];
            if (entry.Connection is null)
                return null;
            if (entry.Hash == hash && entry.Connection.IncomingKey.Equals(key))
                return entry.Connection;
        }
    }

    /// <summary>Adds the connection, or puts it in the place of the one that has its key.</summary>
    public void Set(Connection connection)
    {
        if (2 * (Count + 1) > _entries.Length)
            Grow();
        uint hash = Hash(connection.IncomingKey);
        int i = Place(hash);
        while (_entries[i].Connection is { } other && !(_entries[i].Hash == hash && other.IncomingKey.Equals(connection.IncomingKey)))
            i = Next(i);
        if (_entries[i].Connection is null)
            Count++;
        _entries[i] = new Entry(connection, hash);
    }

    public void Remove(in FlowKey key)
    {
        uint hash = Hash(key);
        int i = Place(hash);
        while (!(_entries[i].Hash == hash && _entries[i].Connection is { } connection && connection.IncomingKey.Equals(key)))
        {
            if (_entries[i].Connection is null)
                return;
            i = Next(i);
        }

        Count--;
        int hole = i;
        for (int j = Next(i); _entries[j].Connection is not null; j = Next(j))
        {
            // An entry may move up only to where its own probe sequence passes.
            int home = Place(_entries[j].Hash);
            if (((j - home) & (_entries.Length - 1)) < ((j - hole) & (_entries.Length - 1)))
                continue;
            _entries[hole] = _entries[j];
            hole = j;
        }

        _entries[hole] = default;
    }

    /// <summary>Adds the SYNs of a peer that wait for the host to a list. Looks at the whole table.</summary>
    public void CollectPending(int peer, List<PendingSyn> pending)
    {
        foreach (var entry in _entries)
        {
            if (entry.Connection is PendingSyn syn && syn.Peer == peer)
                pending.Add(syn);
        }
    }

    private uint Hash(in FlowKey key) => (uint)key.Hash(hashKey);

    private int Place(uint hash) => (int)(hash & (uint)(_entries.Length - 1));

    private int Next(int index) => (index + 1) & (_entries.Length - 1);

    private void Grow()
    {
        var old = _entries;
        _entries = new Entry[old.Length * 2];
        foreach (var entry in old)
        {
            if (entry.Connection is null)
                continue;
            int i = Place(entry.Hash);
            while (_entries[i].Connection is not null)
                i = Next(i);
            _entries[i] = entry;
        }
    }

    private readonly record struct Entry(Connection? Connection, uint Hash);
}
