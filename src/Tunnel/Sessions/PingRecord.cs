using System.Numerics;

namespace Keyhole.Tunnel;

/// <summary>Which of the last 64 pings were answered. The newest does not count: its answer may be on its way.</summary>
internal struct PingRecord
{
    private const int Capacity = 64;

    private ulong _answered;
    private int _count;

    /// <summary>The share of pings that nothing answered; null before the second one.</summary>
    public readonly double? Loss
    {
        get
        {
            int judged = Math.Min(_count, Capacity) - 1;
            return judged < 1 ? null : 1 - (BitOperations.PopCount(_answered >> 1 << 1) / (double)judged);
        }
    }

    public void Sent()
    {
        _answered <<= 1;
        _count = Math.Min(_count + 1, Capacity);
    }

    /// <param name="behind">Pings that were sent after the one that was answered.</param>
    public void Answered(ulong behind)
    {
        if (behind < Capacity)
            _answered |= 1UL << (int)behind;
    }
}
