using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Address → agent slot: open addressing in segments, two buckets to a cache line. One writer; readers take no lock and never wait.
/// <code>
/// bucket   first and last half of the address    owner: slot + 1, 0 for nobody (32) | taken (16) | port (16)    nothing
/// </code>
/// The address is written once, before its owner, and stays where it is as long as its array lives: the owner behind it can only be its own. A segment of which
/// three fifths are taken, addresses that nobody has any more included, is built anew aside and put in place by one store.
/// </summary>
internal sealed class AddressIndex
{
    private const int SegmentBits = 6;
    private const int BucketLength = 4;
    private const int BucketsPerLine = CacheLines.WordCount / BucketLength;
    private const int OwnerAt = 2;
    private const int SlotShift = 32;
    private const uint Taken = 1 << 16;

    /// <summary>In lines: room for addresses that come and go, between two rebuilds.</summary>
    private const int SmallestSegment = 8;

    // Fixed after construction.
    private readonly ulong _hashKey;

    // Any thread reads, the writer writes.
    private readonly ulong[][] _segments;

    // The writer only.
    private readonly int[] _live = new int[1 << SegmentBits];
    private readonly int[] _taken = new int[1 << SegmentBits];

    public AddressIndex(ulong hashKey)
    {
        _hashKey = hashKey;
        _segments = new ulong[1 << SegmentBits][];
        _segments.AsSpan().Fill(CacheLines.Allocate(0));
    }

    public ulong Hash(in IpEndpoint address)
    {
        ulong hash = Mix(address.Address.High ^ _hashKey, address.Address.Low ^ 0x9E37_79B9_7F4A_7C15);
        return Mix(hash ^ address.Port, _hashKey ^ 0xBF58_476D_1CE4_E5B9);
    }

    /// <summary>Where the line of an address begins, for <see cref="Touch"/>.</summary>
    public int Place(ulong hash) => CacheLines.Choose(Volatile.Read(ref _segments[SegmentOf(hash)]), hash);

    /// <summary>Calls for a line without waiting for it. The value means nothing, but must go somewhere, or the compiler leaves the load out.</summary>
    public ulong Touch(ulong hash, int place) => CacheLines.Touch(Volatile.Read(ref _segments[SegmentOf(hash)]), place);

    public bool TryFind(in IpEndpoint address, out int slot) => TryFind(address, Hash(address), out slot);

    /// <param name="hash">Of the address.</param>
    public bool TryFind(in IpEndpoint address, ulong hash, out int slot)
    {
        ulong[] words = Volatile.Read(ref _segments[SegmentOf(hash)]);
        slot = Find(words, address, hash) is var at and >= 0 ? SlotOf(Volatile.Read(ref words[at])) : -1;
        return slot >= 0;
    }

    /// <summary>Gives an address to an agent, and gives the one that had it; -1 for nobody.</summary>
    public int Set(in IpEndpoint address, int slot)
    {
        ulong hash = Hash(address);
        int segment = SegmentOf(hash);
        int at = Find(_segments[segment], address, hash);
        if (at >= 0)
        {
            int displaced = SlotOf(_segments[segment][at]);
            _live[segment] += displaced < 0 ? 1 : 0;
            Volatile.Write(ref _segments[segment][at], OwnerOf(address, slot));
            return displaced;
        }

        if (5 * (_taken[segment] + 1) > 3 * BucketsPerLine * CacheLines.Count(_segments[segment]))
            Rebuild(segment);
        Put(_segments[segment], address, hash, slot);
        _live[segment]++;
        _taken[segment]++;
        return -1;
    }

    /// <summary>Takes an address from the agent that has it.</summary>
    public void Remove(in IpEndpoint address)
    {
        ulong hash = Hash(address);
        int segment = SegmentOf(hash);
        int at = Find(_segments[segment], address, hash);
        if (at < 0 || SlotOf(_segments[segment][at]) < 0)
            return;
        Volatile.Write(ref _segments[segment][at], OwnerOf(address, -1));
        _live[segment]--;
    }

    /// <summary>Where the owner of an address stands, somebody or nobody; -1 when the address is not there.</summary>
    private static int Find(ulong[] words, in IpEndpoint address, ulong hash)
    {
        int at = CacheLines.Choose(words, hash);
        for (int left = CacheLines.Count(words); left > 0; left--)
        {
            // Both are compared in any case: a wrong guess which one it is would cost more.
            var line = words.AsSpan(at, CacheLines.WordCount);
            bool isFirst = Holds(line[..BucketLength], address);
            if (isFirst | Holds(line[BucketLength..], address))
                return at + OwnerAt + (isFirst ? 0 : BucketLength);
            if (Volatile.Read(ref line[BucketLength + OwnerAt]) == 0)
                return -1;
            at = CacheLines.Next(words, at);
        }

        return -1;
    }

    private static bool Holds(Span<ulong> bucket, in IpEndpoint address)
    {
        bool isPort = (uint)Volatile.Read(ref bucket[OwnerAt]) == (Taken | address.Port);
        return isPort & (bucket[1] == address.Address.Low) & (bucket[0] == address.Address.High);
    }

    private void Rebuild(int segment)
    {
        ulong[] old = _segments[segment];
        ulong[] words = CacheLines.Allocate(SmallestSegment + 2 * _live[segment] / BucketsPerLine);
        int first = CacheLines.First(old);
        for (int at = first; at < first + CacheLines.WordCount * CacheLines.Count(old); at += BucketLength)
        {
            ulong owner = old[at + OwnerAt];
            var address = new IpEndpoint(new IpAddress(old[at], old[at + 1]), (ushort)owner);
            if (SlotOf(owner) is var slot and >= 0)
                Put(words, address, Hash(address), slot);
        }

        _taken[segment] = _live[segment];
        Volatile.Write(ref _segments[segment], words);
    }

    private static void Put(ulong[] words, in IpEndpoint address, ulong hash, int slot)
    {
        int at = CacheLines.Choose(words, hash);
        while (words[at + OwnerAt] != 0)
        {
            if (words[at + BucketLength + OwnerAt] == 0)
            {
                at += BucketLength;
                break;
            }

            at = CacheLines.Next(words, at);
        }

        words[at] = address.Address.High;
        words[at + 1] = address.Address.Low;
        Volatile.Write(ref words[at + OwnerAt], OwnerOf(address, slot));
    }

    private static ulong OwnerOf(in IpEndpoint address, int slot) => ((ulong)(slot + 1) << SlotShift) | Taken | address.Port;

    private static int SlotOf(ulong owner) => (int)(owner >> SlotShift) - 1;

    private static int SegmentOf(ulong hash) => (int)(hash >> (64 - SegmentBits));

    private static ulong Mix(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }
}
