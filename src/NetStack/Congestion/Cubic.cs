namespace Keyhole.NetStack;

/// <summary>CUBIC (RFC 9438) with HyStart++; windows in segments and times in seconds, as double, inside.</summary>
internal sealed class Cubic : ICongestion
{
    // RFC 9438 sections 4.6 and 5.
    private const double C = 0.4;
    private const double Beta = 0.7;

    // RFC 9438 section 4.3: what makes the estimate grow as AIMD with this beta would on average.
    private const double RenoAlpha = 3 * (1 - Beta) / (1 + Beta);

    private HyStart _hyStart;
    private double _maximum;
    private double _k;
    private double _estimate;
    private double _priorWindow;
    private double _credit;
    private long _epochStart;
    private bool _inEpoch;

    // What OnUndo brings back.
    private double _undoMaximum;
    private double _undoPriorWindow;

    public long PacingRate => 0;

    public void Reset()
    {
        _hyStart.Reset();
        _maximum = _k = _estimate = _priorWindow = _credit = 0;
        _undoMaximum = _undoPriorWindow = 0;
        _inEpoch = false;
    }

    public void OnAcknowledged(ref CongestionWindow window, in AckEvent ack)
    {
        if (!ack.IsWindowLimited)
            return;
        if (window.InSlowStart)
        {
            int growth = _hyStart.OnAcknowledged(ack, out bool finished);
            window.Grow(Math.Min(growth, window.SlowStartThreshold - window.Size));
            if (finished)
                window.SlowStartThreshold = window.Size;
            return;
        }

        Avoid(ref window, ack);
    }

    public int OnCongestion(in CongestionWindow window, bool timeout, long now)
    {
        double size = (double)window.Size / window.SegmentSize;
        _undoMaximum = _maximum;
        _undoPriorWindow = _priorWindow;

        // RFC 9438 section 4.7: fast convergence.
        _maximum = size < _maximum ? size * (1 + Beta) / 2 : size;
        _priorWindow = size;
        _inEpoch = false;
        return (int)Math.Max(window.Size * Beta, 2.0 * window.SegmentSize);
    }

    public void OnUndo()
    {
        _maximum = _undoMaximum;
        _priorWindow = _undoPriorWindow;
        _inEpoch = false;
    }

    // RFC 9438 section 5.8: the curve stands still while nothing is sent.
    public void OnIdle(long duration)
    {
        if (_inEpoch)
            _epochStart += duration;
    }

    private void Avoid(ref CongestionWindow window, in AckEvent ack)
    {
        double size = (double)window.Size / window.SegmentSize;
        double acknowledged = (double)ack.Delivered / window.SegmentSize;
        if (!_inEpoch)
            StartEpoch(size, ack.Now);

        // RFC 9438 sections 4.2 and 4.3: where the curve is one round trip from now, and where Reno would be.
        double target = Curve((ack.Now - _epochStart + ack.SmoothedRtt) / 1e6);
        target = Math.Clamp(target, size, 1.5 * size);
        _estimate += (_estimate >= _priorWindow ? 1 : RenoAlpha) * acknowledged / size;
        bool renoFriendly = Curve((ack.Now - _epochStart) / 1e6) < _estimate;
        double growth = renoFriendly ? Math.Max(0, _estimate - size) : (target - size) / size * acknowledged;
        _credit += growth * window.SegmentSize;
        long whole = (long)_credit;
        if (whole > 0)
        {
            _credit -= whole;
            window.Grow(whole);
        }
    }

    private void StartEpoch(double size, long now)
    {
        _inEpoch = true;
        _epochStart = now;
        _estimate = size;
        _credit = 0;
        if (size < _maximum)
        {
            _k = Math.Cbrt((_maximum - size) / C);
        }
        else
        {
            _k = 0;
            _maximum = size;
        }
    }

    // RFC 9438 figure 1. The time is bounded so that weeks without loss stay a number.
    private double Curve(double seconds)
    {
        double t = Math.Min(seconds, 10_000) - _k;
        return _maximum + (C * t * t * t);
    }
}
