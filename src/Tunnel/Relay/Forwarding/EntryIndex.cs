using System.Numerics;

namespace Keyhole.Tunnel;

/// <summary>
/// (Agent slot, receiver index) → agent slot: open addressing in segments, four buckets to a cache line. One writer; readers take no lock and never wait.
/// <code>
/// bucket   key: slot + 1 (32) | receiver index (32), written once    word: EntryWord, 0 while the entry is gone
/// </code>
/// A key stays where it is as long as its array lives, so that the word behind it can only be its own: it is read and written in one piece. A segment whose
/// keys, the left-over ones included, fill two thirds is built anew aside and put in place by one store. That bounds every pause to one segment.
/// </summary>
internal sealed class EntryIndex
{
    private const int EntriesPerSegment = 8192;
    private const int BucketLength = 2;
    private const int BucketsPerLine = CacheLines.WordCount / BucketLength;

    /// <summary>In lines: room for keys that come and go again and again, between two rebuilds.</summary>
    private const int SmallestSegment = 8;

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
        int segments = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(maximumEntries / EntriesPerSegment, 2, 4096));
        _hashKey = hashKey;
        _shift = 64 - BitOperations.Log2((uint)segments);
        _segments = new ulong[segments][];
        _live = new int[segments];
        _taken = new int[segments];
        _segments.AsSpan().Fill(CacheLines.Allocate(0));
    }

    public ulong Hash(int slot, uint receiverIndex) => Hash(KeyOf(slot, receiverIndex));

    /// <summary>Where the line of an entry begins, for <see cref="Touch"/>.</summary>
    public int Place(ulong hash) => CacheLines.Choose(Volatile.Read(ref _segments[SegmentOf(hash)]), hash);

    /// <summary>Calls for a line without waiting for it. The value means nothing, but must go somewhere, or the compiler leaves the load out.</summary>
    public ulong Touch(ulong hash, int place) => CacheLines.Touch(Volatile.Read(ref _segments[SegmentOf(hash)]), place);

    /// <summary>
    /// Finds an entry, dead or alive: its word stands at <paramref name="at"/> of <paramref name="words"/>, and is 0 when the entry is gone.
    /// </summary>
    public bool TryFind(int slot, uint receiverIndex, out ulong[] words, out int at) =>
        TryFind(slot, receiverIndex, Hash(slot, receiverIndex), out words, out at);

    /// <param name="hash">Of the two.</param>
    public bool TryFind(int slot, uint receiverIndex, ulong hash, out ulong[] words, out int at)
    {
        ulong key = KeyOf(slot, receiverIndex);
        words = Volatile.Read(ref _segments[SegmentOf(hash)]);
        at = CacheLines.Choose(words, hash);
        for (int left = CacheLines.Count(words); left > 0; left--)
        {
            // All four are compared in any case: a wrong guess which one it is would cost more.
            var line = words.AsSpan(at, CacheLines.WordCount);
            ulong last = Volatile.Read(ref line[6]);
            int found = (Volatile.Read(ref line[0]) == key ? 1 : 0) | (Volatile.Read(ref line[2]) == key ? 2 : 0)
                | (Volatile.Read(ref line[4]) == key ? 4 : 0) | (last == key ? 8 : 0);
            if (found != 0)
            {
                at += BucketLength * BitOperations.TrailingZeroCount(found) + 1;
                return true;
            }

            // Lines fill from the front, and nothing leaves them.
            if (last == 0)
                break;
            at = CacheLines.Next(words, at);
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
                _live[SegmentOf(Hash(slot, receiverIndex))]++;
            Volatile.Write(ref words[at], word);
            return;
        }

        ulong key = KeyOf(slot, receiverIndex);
        ulong hash = Hash(key);
        int segment = SegmentOf(hash);
        if (3 * (_taken[segment] + 1) > 2 * BucketsPerLine * CacheLines.Count(_segments[segment]))
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
        _live[SegmentOf(Hash(slot, receiverIndex))]--;
    }

    private void Rebuild(int segment)
    {
        ulong[] old = _segments[segment];
        ulong[] words = CacheLines.Allocate(SmallestSegment + (_live[segment] + 3 * _live[segment] / 4) / BucketsPerLine);
        int first = CacheLines.First(old);
        for (int i = first; i < first + CacheLines.WordCount * CacheLines.Count(old); i += BucketLength)
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
        int line = CacheLines.Choose(words, hash);
        while (words[line + CacheLines.WordCount - BucketLength] != 0)
            line = CacheLines.Next(words, line);
        int at = line;
        while (words[at] != 0)
            at += BucketLength;
        return at;
    }

    private int SegmentOf(ulong hash) => (int)(hash >> _shift);

    private static ulong KeyOf(int slot, uint receiverIndex) => ((ulong)(slot + 1) << 32) | receiverIndex;

    private ulong Hash(ulong key)
    {
        ulong high = Math.BigMul(key ^ _hashKey, 0x9E37_79B9_7F4A_7C15, out ulong low);
        ulong mixed = high ^ low;
        high = Math.BigMul(mixed, _hashKey | 1, out low);
        return high ^ low;
    }
}
