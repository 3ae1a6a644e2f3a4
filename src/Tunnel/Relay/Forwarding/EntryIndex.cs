using System.Numerics;

namespace Keyhole.Tunnel;

/// <summary>
/// (Agent slot, receiver index) → agent slot: open addressing in segments. One writer; readers take no lock and never wait.
/// <code>
/// bucket   key: slot + 1 (32) | receiver index (32), written once    word: EntryWord, 0 while the entry is gone
/// </code>
/// A key stays where it is as long as its array lives, so that the word behind it can only be its own: it is read and written in one piece. A segment whose
/// keys, the left-over ones included, fill three quarters is built anew aside and put in place by one store. That bounds every pause to one segment.
/// </summary>
internal sealed class EntryIndex
{
    private const int SmallestSegment = 4;

    // Fixed after construction.
    private readonly ulong _hashKey;
    private readonly int _shift;

    // Any thread reads, the writer writes. Keys and words alternate.
    private readonly ulong[][] _segments;

    // The writer only.
    private readonly int[] _live;
    private readonly int[] _taken;

    public EntryIndex(int maximumEntries, ulong hashKey)
    {
        int segments = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(maximumEntries / 2048, 2, 4096));
        _hashKey = hashKey;
        _shift = 64 - BitOperations.Log2((uint)segments);
        _segments = new ulong[segments][];
        _live = new int[segments];
        _taken = new int[segments];
        ulong[] none = new ulong[2];
        _segments.AsSpan().Fill(none);
    }

    /// <summary>
    /// Finds an entry, dead or alive: its word stands at <paramref name="at"/> of <paramref name="words"/>, and is 0 when the entry is gone.
    /// </summary>
    public bool TryFind(int slot, uint receiverIndex, out ulong[] words, out int at)
    {
        ulong key = KeyOf(slot, receiverIndex);
        ulong hash = Hash(key);
        words = Volatile.Read(ref _segments[hash >> _shift]);
        at = FirstBucket(words, hash);
        for (int left = words.Length; left > 0; left -= 2)
        {
            ulong found = Volatile.Read(ref words[at]);
            if (found == key)
            {
                at++;
                return true;
            }

            if (found == 0)
                break;
            at = at + 2 == words.Length ? 0 : at + 2;
        }

        return false;
    }

    /// <summary>The word of an entry; 0 when there is none.</summary>
    public ulong Find(int slot, uint receiverIndex) => TryFind(slot, receiverIndex, out ulong[] words, out int at) ? Volatile.Read(ref words[at]) : 0;

    /// <summary>Puts a word behind a key, whatever stood there.</summary>
    public void Set(int slot, uint receiverIndex, ulong word)
    {
        if (TryFind(slot, receiverIndex, out ulong[] words, out int at))
        {
            if (words[at] == 0)
                _live[Hash(KeyOf(slot, receiverIndex)) >> _shift]++;
            Volatile.Write(ref words[at], word);
            return;
        }

        ulong key = KeyOf(slot, receiverIndex);
        ulong hash = Hash(key);
        int segment = (int)(hash >> _shift);
        if (4 * (_taken[segment] + 1) > 3 * (_segments[segment].Length / 2))
            Rebuild(segment);
        words = _segments[segment];
        at = FreeBucket(words, hash);

        // The word first: who finds the key finds it.
        words[at + 1] = word;
        Volatile.Write(ref words[at], key);
        _live[segment]++;
        _taken[segment]++;
    }

    public void Remove(int slot, uint receiverIndex)
    {
        if (!TryFind(slot, receiverIndex, out ulong[] words, out int at) || words[at] == 0)
            return;
        Volatile.Write(ref words[at], 0);
        _live[Hash(KeyOf(slot, receiverIndex)) >> _shift]--;
    }

    private void Rebuild(int segment)
    {
        ulong[] old = _segments[segment];
        ulong[] words = new ulong[2 * (SmallestSegment + _live[segment] + 3 * _live[segment] / 4)];
        for (int i = 0; i < old.Length; i += 2)
        {
            if (old[i + 1] == 0)
                continue;
            int at = FreeBucket(words, Hash(old[i]));

            // A mark that a reader sets in the old array from here on is lost: the next packet sets it again.
            words[at + 1] = Volatile.Read(ref old[i + 1]);
            words[at] = old[i];
        }

        _taken[segment] = _live[segment];
        Volatile.Write(ref _segments[segment], words);
    }

    private static int FreeBucket(ulong[] words, ulong hash)
    {
        int at = FirstBucket(words, hash);
        while (words[at] != 0)
            at = at + 2 == words.Length ? 0 : at + 2;
        return at;
    }

    /// <summary>The lower half of the hash, scaled to the buckets: they need not be a power of two.</summary>
    private static int FirstBucket(ulong[] words, ulong hash) => 2 * (int)(((hash & uint.MaxValue) * ((uint)words.Length / 2)) >> 32);

    private static ulong KeyOf(int slot, uint receiverIndex) => ((ulong)(slot + 1) << 32) | receiverIndex;

    private ulong Hash(ulong key)
    {
        ulong high = Math.BigMul(key ^ _hashKey, 0x9E37_79B9_7F4A_7C15, out ulong low);
        ulong mixed = high ^ low;
        high = Math.BigMul(mixed, _hashKey | 1, out low);
        return high ^ low;
    }
}
