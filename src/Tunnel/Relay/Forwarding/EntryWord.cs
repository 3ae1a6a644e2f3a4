namespace Keyhole.Tunnel;

/// <summary>
/// The value of a forwarding entry in one word, so that one load tells all of it:
/// <code>
/// 63 used (1) | 62 deadline in units of 1,024 microseconds (44) | 18 agent slot (18)
/// </code>
/// Zero is an entry that left.
/// </summary>
internal static class EntryWord
{
    public const ulong Used = 1UL << 63;
    public const int MaximumSlots = 1 << SlotBits;

    private const int SlotBits = 18;
    private const int UnitBits = 10;

    /// <param name="deadline">Monotonic microseconds, greater than 0; rounded up to the unit.</param>
    public static ulong Of(int slot, long deadline, bool isUsed) =>
        (isUsed ? Used : 0) | ((ulong)(deadline + (1 << UnitBits) - 1) >> UnitBits << SlotBits) | (uint)slot;

    public static int Slot(ulong word) => (int)(word & (MaximumSlots - 1));

    public static long Deadline(ulong word) => (long)((word & ~Used) >> SlotBits << UnitBits);
}
