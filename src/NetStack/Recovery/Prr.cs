namespace Keyhole.NetStack;

/// <summary>
/// Proportional rate reduction (RFC 6937): spreads the halving of the window over the recovery, one byte out for so many delivered.
/// </summary>
internal struct Prr
{
    private long _delivered;
    private long _out;
    private int _recoverFlightSize;

    /// <param name="flightSize">SND.NXT minus SND.UNA at the start of the recovery.</param>
    public void Start(int flightSize)
    {
        _delivered = _out = 0;
        _recoverFlightSize = Math.Max(1, flightSize);
    }

    public void OnSent(int length) => _out += length;

    /// <summary>The congestion window after an acknowledgement that delivered <paramref name="delivered"/> bytes.</summary>
    /// <param name="pipe">Bytes in flight now.</param>
    /// <param name="safe">SND.UNA advanced and nothing more was found lost: slow start may make up for what the pipe lacks.</param>
    public int OnAcknowledged(int delivered, int pipe, int slowStartThreshold, int segmentSize, bool safe)
    {
        _delivered += delivered;
        long send;
        if (pipe > slowStartThreshold)
        {
            send = (((_delivered * slowStartThreshold) + _recoverFlightSize - 1) / _recoverFlightSize) - _out;
        }
        else
        {
            long limit = Math.Max(_delivered - _out, delivered) + (safe ? segmentSize : 0);
            send = Math.Min(slowStartThreshold - pipe, limit);
        }

        // The first retransmission goes out at once.
        long atLeast = _out == 0 ? segmentSize : 0;
        return (int)Math.Min(int.MaxValue, pipe + Math.Max(send, atLeast));
    }
}
