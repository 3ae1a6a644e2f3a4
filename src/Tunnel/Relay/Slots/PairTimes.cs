namespace Keyhole.Tunnel;

/// <summary>When an agent last had something of each of its counterparts, of the last 64 of them; memory is used from the first on.</summary>
internal struct PairTimes
{
    private const int MaximumCount = 64;

    private List<(int Slot, long At)>? _times;

    /// <summary>False when the last time with this counterpart is less than <paramref name="interval"/> ago, and when that cannot be told.</summary>
    public bool TryTake(int slot, long interval, long now)
    {
        var times = _times ??= [];
        int place = times.FindIndex(time => time.Slot == slot);
        if (place >= 0 && now - times[place].At < interval)
            return false;
        if (place < 0 && times.Count == MaximumCount)
        {
            place = times.FindIndex(time => now - time.At >= interval);
            if (place < 0)
                return false;
        }

        if (place < 0)
            times.Add((slot, now));
        else
            times[place] = (slot, now);
        return true;
    }
}
