namespace Keyhole.Tunnel;

/// <summary>
/// Asks a relay whether it is there (docs/protocol.md, rule 18): every 500 ms while data moves, every 2 s otherwise, so that a
/// relay that was restarted in silence is found out before anybody misses it. Two misses bring a padded ping, and a third
/// says that the session is dead.
/// </summary>
internal sealed class PingSchedule
{
    public const long BusyInterval = 500_000;
    public const long IdleInterval = 2_000_000;

    /// <summary>Data moves when the last packet is no older than this.</summary>
    private const long BusyFor = 1_000_000;

    private PingRecord _record;
    private ulong _lastNonce;
    private ulong _lastAnswered;
    private long _sentAt;
    private long _dataAt = long.MinValue / 2;
    private long _idleAt = long.MinValue;

    /// <summary>What is to be done now.</summary>
    public enum Step
    {
        None,
        Ping,
        PaddedPing,
        Dead,
    }

    /// <summary>When <see cref="Next"/> is to be called; <see cref="long.MaxValue"/> while there is no session.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>The nonce of the ping to send.</summary>
    public ulong Nonce => _lastNonce;

    /// <summary>Pings in a row without an answer, the one on its way not counted.</summary>
    public int Misses { get; private set; }

    /// <summary>Microseconds of the last answered ping; 0 before the first.</summary>
    public long RoundTrip { get; private set; }

    /// <summary>The share of the last pings that nothing answered; null before there are any.</summary>
    public double? Loss => _record.Loss;

    /// <summary>A new session: the first ping goes out at once.</summary>
    /// <param name="nonce">Where the nonces of this session begin.</param>
    public void Start(ulong nonce, long now)
    {
        _lastNonce = _lastAnswered = nonce;
        Misses = 0;
        Deadline = now;
    }

    public void Stop() => Deadline = long.MaxValue;

    /// <summary>A packet went either way.</summary>
    public void DataMoved(long now)
    {
        _dataAt = now;
        if (Deadline != long.MaxValue && Deadline > _sentAt + Interval(BusyInterval))
            Deadline = Math.Max(now, _sentAt + Interval(BusyInterval));
    }

    /// <summary>What is due; <see cref="Step.Ping"/> and <see cref="Step.PaddedPing"/> carry <see cref="Nonce"/>.</summary>
    public Step Next(long now)
    {
        if (now < Deadline)
            return Step.None;
        bool unanswered = _lastNonce != _lastAnswered;
        Misses = unanswered ? Misses + 1 : 0;
        if (Misses > 2)
        {
            Deadline = long.MaxValue;
            return Step.Dead;
        }

        _lastNonce++;
        _record.Sent();
        _sentAt = now;
        bool busy = Misses > 0 || now - _dataAt < BusyFor;
        // While a ping is on its way the next step comes soon, so that an idle session also dies within three busy intervals.
        Deadline = now + Interval(BusyInterval);
        _idleAt = busy ? long.MinValue : now + IdleInterval;
        return Misses == 2 ? Step.PaddedPing : Step.Ping;
    }

    /// <summary>False for a nonce that was not sent lately.</summary>
    public bool Answered(ulong nonce, long now)
    {
        ulong behind = _lastNonce - nonce;
        if (behind >= 4 || _lastNonce - _lastAnswered <= behind)
            return false;
        _record.Answered(behind);
        if (behind == 0)
        {
            RoundTrip = Math.Max(1, now - _sentAt);
            if (_idleAt > now)
                Deadline = _idleAt;
        }

        _lastAnswered = _lastNonce;
        Misses = 0;
        return true;
    }

    /// <summary>Never shorter than what the relay's answer takes.</summary>
    private long Interval(long shortest) => Math.Max(shortest, RoundTrip + RoundTrip / 2);
}
