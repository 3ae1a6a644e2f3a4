using System.Numerics;

namespace Keyhole.NetStack;

/// <summary>
/// A hierarchical timing wheel (Varghese and Lauck 1987, scheme 7): four levels of 256 slots, one tick of 1.024 ms. A connection
/// has one entry; a deadline that moves later leaves it where it is, and the connection arms again when it fires early. Nothing
/// fires before its deadline, and at most one tick after. An entry lies at the level of the highest byte in which its tick differs
/// from the current one; bitmaps make both the next deadline and a jump of hours cheap.
/// </summary>
internal sealed class Wheel
{
    public const int Unscheduled = -1;

    private const int TickShift = 10;
    private const int LevelCount = 4;
    private const int SlotBits = 8;
    private const int SlotCount = 1 << SlotBits;

    // Half of what the levels span, so that a slot of the top level never means two rounds. What lies further from where the wheel
    // stands fires early, once per round: a later deadline, or any after a start on a machine that has been up for weeks.
    private const long Horizon = 1L << ((LevelCount * SlotBits) - 1);

    private readonly Connection?[] _slots = new Connection?[LevelCount * SlotCount];
    private readonly ulong[] _occupied = new ulong[LevelCount * SlotCount / 64];
    private long _current;

    // What is armed while entries expire lies after the instant of that call: a handler that arms in the past cannot loop.
    private long _floor;

    public int Count { get; private set; }

    /// <summary>The earliest instant at which <see cref="TryExpire"/> may have something to do.</summary>
    public long NextDeadline
    {
        get
        {
            long tick = NextEvent(out _);
            return tick == long.MaxValue ? long.MaxValue : tick << TickShift;
        }
    }

    /// <summary>True when the entry fires at <paramref name="deadline"/> or earlier, so that arming it would change nothing.</summary>
    public static bool FiresBy(Connection entry, long deadline) =>
        entry.WheelSlot != Unscheduled && entry.WheelTick <= Ticks(deadline);

    /// <summary>Moves the entry to this deadline, from wherever it was.</summary>
    public void Schedule(Connection entry, long deadline)
    {
        Cancel(entry);
        entry.WheelTick = Math.Min(Math.Max(Ticks(deadline), _floor + 1), _current + Horizon);
        Place(entry);
        Count++;
    }

    public void Cancel(Connection entry)
    {
        if (entry.WheelSlot == Unscheduled)
            return;
        Unlink(entry);
        Count--;
    }

    /// <summary>Takes one entry whose deadline has come, or returns false when the wheel stands at <paramref name="now"/>.</summary>
    public bool TryExpire(long now, out Connection? entry)
    {
        _floor = Math.Max(_floor, now >> TickShift);
        while (true)
        {
            long tick = NextEvent(out int slot);
            if (tick > _floor)
            {
                _current = _floor;
                entry = null;
                return false;
            }

            _current = tick;
            if (slot < SlotCount)
            {
                entry = _slots[slot]!;
                Cancel(entry);
                return true;
            }

            Cascade(slot);
        }
    }

    private static long Ticks(long deadline) =>
        deadline > long.MaxValue - (1 << TickShift) ? long.MaxValue >> TickShift : (deadline + (1 << TickShift) - 1) >> TickShift;

    private void Place(Connection entry)
    {
        long different = entry.WheelTick ^ _current;
        int level = different == 0 ? 0 : Math.Min(LevelCount - 1, BitOperations.Log2((ulong)different) / SlotBits);
        int slot = (level << SlotBits) | (int)((entry.WheelTick >> (level * SlotBits)) & (SlotCount - 1));
        entry.WheelSlot = slot;
        entry.WheelPrevious = null;
        entry.WheelNext = _slots[slot];
        if (entry.WheelNext is { } next)
            next.WheelPrevious = entry;
        _slots[slot] = entry;
        _occupied[slot >> 6] |= 1UL << (slot & 63);
    }

    private void Unlink(Connection entry)
    {
        int slot = entry.WheelSlot;
        if (entry.WheelPrevious is { } previous)
            previous.WheelNext = entry.WheelNext;
        else
            _slots[slot] = entry.WheelNext;
        if (entry.WheelNext is { } next)
            next.WheelPrevious = entry.WheelPrevious;
        entry.WheelNext = entry.WheelPrevious = null;
        entry.WheelSlot = Unscheduled;
        if (_slots[slot] is null)
            _occupied[slot >> 6] &= ~(1UL << (slot & 63));
    }

    private void Cascade(int slot)
    {
        var entry = _slots[slot];
        _slots[slot] = null;
        _occupied[slot >> 6] &= ~(1UL << (slot & 63));
        while (entry is not null)
        {
            var next = entry.WheelNext;
            Place(entry);
            entry = next;
        }
    }

    // The tick at which the first occupied slot fires (level 0) or is spread over the levels below it.
    private long NextEvent(out int slot)
    {
        for (int level = 0; level < LevelCount; level++)
        {
            int position = (int)((_current >> (level * SlotBits)) & (SlotCount - 1));
            int found = FirstOccupied(level, position);
            if (found >= 0)
            {
                slot = (level << SlotBits) | found;
                long above = _current >> ((level + 1) * SlotBits) << ((level + 1) * SlotBits);
                if (found < position)
                    above += 1L << ((level + 1) * SlotBits);
                return above | ((long)found << (level * SlotBits));
            }
        }

        slot = -1;
        return long.MaxValue;
    }

    // Below the top level, slots before the current position are empty; the top level wraps around.
    private int FirstOccupied(int level, int position)
    {
        int first = level * SlotCount / 64;
        int word = position >> 6;
        ulong bits = _occupied[first + word] & (ulong.MaxValue << (position & 63));
        for (int i = 0; i <= SlotCount / 64; i++)
        {
            if (bits != 0)
                return (word << 6) | BitOperations.TrailingZeroCount(bits);
            word = (word + 1) & ((SlotCount / 64) - 1);
            bits = _occupied[first + word];
        }

        return -1;
    }
}
