using System.Numerics;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Address → agent slot, and back. One writer; readers take no lock and never wait. A bucket holds null, an <see cref="AddressBinding"/>, or the mark of one
/// that left; reading a bucket is one load, so what is found was true while the reader looked. A segment of the table that fills is built anew aside and put
/// in place by one store.
/// </summary>
internal sealed class AddressIndex
{
    private const int SegmentBits = 6;
    private const int SmallestSegment = 8;

    private static readonly AddressBinding s_gone = new(default, -1);

    // Fixed after construction.
    private readonly ulong _hashKey;

    // Any thread reads, the writer writes.
    private readonly AddressBinding?[][] _segments;
    private readonly AddressBinding?[] _bySlot;

    // The writer only.
    private readonly int[] _live = new int[1 << SegmentBits];
    private readonly int[] _taken = new int[1 << SegmentBits];

    public AddressIndex(int maximumAgents, ulong hashKey)
    {
        _hashKey = hashKey;
        _bySlot = new AddressBinding?[maximumAgents];
        _segments = new AddressBinding?[1 << SegmentBits][];
        var none = new AddressBinding?[1];
        _segments.AsSpan().Fill(none);
    }

    public bool TryFind(in IpEndpoint address, out int slot)
    {
        ulong hash = Hash(address);
        var buckets = Volatile.Read(ref _segments[SegmentOf(hash)]);
        int mask = buckets.Length - 1;
        for (int i = (int)hash & mask, left = buckets.Length; left > 0; i = (i + 1) & mask, left--)
        {
            var binding = Volatile.Read(ref buckets[i]);
            if (binding is null)
                break;
            if (binding.Slot >= 0 && binding.Address == address)
            {
                slot = binding.Slot;
                return true;
            }
        }

        slot = -1;
        return false;
    }

    public bool TryGet(int slot, out IpEndpoint address)
    {
        var binding = Volatile.Read(ref _bySlot[slot]);
        address = binding is null ? default : binding.Address;
        return binding is not null;
    }

    /// <summary>Puts the agent at an address and nowhere else, and gives the slot of whoever was there; -1 for nobody.</summary>
    public int Set(int slot, in IpEndpoint address)
    {
        var old = _bySlot[slot];
        if (old is not null && old.Address == address)
            return -1;
        int displaced = -1;
        if (TryFind(address, out int other))
        {
            displaced = other;
            Volatile.Write(ref _bySlot[other], null);
        }

        var binding = new AddressBinding(address, slot);
        Put(binding);
        Volatile.Write(ref _bySlot[slot], binding);
        if (old is not null)
            Remove(old);
        return displaced;
    }

    public void Clear(int slot)
    {
        if (_bySlot[slot] is not { } old)
            return;
        Volatile.Write(ref _bySlot[slot], null);
        Remove(old);
    }

    private void Put(AddressBinding binding)
    {
        ulong hash = Hash(binding.Address);
        int segment = SegmentOf(hash);
        if (4 * (_taken[segment] + 1) > 3 * _segments[segment].Length)
            Rebuild(segment);
        var buckets = _segments[segment];
        int mask = buckets.Length - 1;
        int place = -1;
        for (int i = (int)hash & mask; ; i = (i + 1) & mask)
        {
            var found = buckets[i];
            if (found is null)
            {
                if (place < 0)
                {
                    place = i;
                    _taken[segment]++;
                }

                _live[segment]++;
                break;
            }

            if (found.Slot < 0)
            {
                if (place < 0)
                    place = i;
            }
            else if (found.Address == binding.Address)
            {
                place = i;
                break;
            }
        }

        Volatile.Write(ref buckets[place], binding);
    }

    private void Remove(AddressBinding binding)
    {
        ulong hash = Hash(binding.Address);
        int segment = SegmentOf(hash);
        var buckets = _segments[segment];
        int mask = buckets.Length - 1;
        for (int i = (int)hash & mask; buckets[i] is { } found; i = (i + 1) & mask)
        {
            if (found != binding)
                continue;
            Volatile.Write(ref buckets[i], s_gone);
            _live[segment]--;
            return;
        }
    }

    private void Rebuild(int segment)
    {
        int length = Math.Max(SmallestSegment, (int)BitOperations.RoundUpToPowerOf2((uint)(2 * (_live[segment] + 1))));
        var buckets = new AddressBinding?[length];
        foreach (var binding in _segments[segment])
        {
            if (binding is null || binding.Slot < 0)
                continue;
            int i = (int)Hash(binding.Address) & (length - 1);
            while (buckets[i] is not null)
                i = (i + 1) & (length - 1);
            buckets[i] = binding;
        }

        _taken[segment] = _live[segment];
        Volatile.Write(ref _segments[segment], buckets);
    }

    private static int SegmentOf(ulong hash) => (int)(hash >> (64 - SegmentBits));

    private ulong Hash(in IpEndpoint address)
    {
        ulong hash = Mix(address.Address.High ^ _hashKey, address.Address.Low ^ 0x9E37_79B9_7F4A_7C15);
        return Mix(hash ^ address.Port, _hashKey ^ 0xBF58_476D_1CE4_E5B9);
    }

    private static ulong Mix(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }
}
