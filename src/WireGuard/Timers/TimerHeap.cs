namespace Keyhole.WireGuard;

/// <summary>
/// When to look at which peer next: a binary heap with at most one entry per peer. An entry only ever moves forward in time while it
/// waits; a deadline that moved away is found out when the entry comes up. So data packets, which postpone deadlines, do not touch the heap.
/// </summary>
internal sealed class TimerHeap
{
    private Entry[] _entries = new Entry[16];
    private int _count;

    /// <summary><see cref="long.MaxValue"/> when empty.</summary>
    public long Earliest => _count == 0 ? long.MaxValue : _entries[0].At;

    public Peer? First => _count == 0 ? null : _entries[0].Peer;

    public int Count => _count;

    /// <summary>Makes sure that the peer comes up no later than <paramref name="at"/>.</summary>
    public void Schedule(Peer peer, long at)
    {
        int index = peer.HeapIndex;
        if (index < 0)
        {
            if (_count == _entries.Length)
                Array.Resize(ref _entries, _count * 2);
            index = _count++;
        }
        else if (_entries[index].At <= at)
        {
            return;
        }

        SiftUp(index, new Entry(at, peer));
    }

    public void Remove(Peer peer)
    {
        int index = peer.HeapIndex;
        if (index < 0)
            return;
        peer.HeapIndex = -1;
        var last = _entries[--_count];
        _entries[_count] = default;
        if (index == _count)
            return;
        if (index > 0 && last.At < _entries[(index - 1) / 2].At)
            SiftUp(index, last);
        else
            SiftDown(index, last);
    }

    private void SiftUp(int index, Entry entry)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (_entries[parent].At <= entry.At)
                break;
            Put(index, _entries[parent]);
            index = parent;
        }

        Put(index, entry);
    }

    private void SiftDown(int index, Entry entry)
    {
        for (int child = 2 * index + 1; child < _count; child = 2 * index + 1)
        {
            if (child + 1 < _count && _entries[child + 1].At < _entries[child].At)
                child++;
            if (entry.At <= _entries[child].At)
                break;
            Put(index, _entries[child]);
            index = child;
        }

        Put(index, entry);
    }

    private void Put(int index, Entry entry)
    {
        _entries[index] = entry;
        entry.Peer.HeapIndex = index;
    }

    private readonly record struct Entry(long At, Peer Peer);
}
