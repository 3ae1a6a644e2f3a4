namespace Keyhole.NetStack;

/// <summary>Slow start and congestion avoidance of RFC 5681, with byte counting (RFC 3465).</summary>
internal sealed class NewReno : ICongestion
{
    private long _credit;

    public long PacingRate => 0;

    public void Reset() => _credit = 0;

    public void OnAcknowledged(ref CongestionWindow window, in AckEvent ack)
    {
        if (!ack.IsWindowLimited)
            return;
        int delivered = ack.Delivered;
        if (window.InSlowStart)
        {
            int growth = Math.Min(delivered, window.SlowStartThreshold - window.Size);
            window.Grow(growth);
            delivered -= growth;
        }

        // One segment per window.
        _credit += delivered;
        if (_credit >= window.Size)
        {
            _credit -= window.Size;
            window.Grow(window.SegmentSize);
        }
    }

    public int OnCongestion(in CongestionWindow window, bool timeout, long now)
    {
        _credit = 0;
        return Math.Max(window.Size / 2, 2 * window.SegmentSize);
    }

    public void OnUndo() => _credit = 0;

    public void OnIdle(long duration)
    {
    }
}
