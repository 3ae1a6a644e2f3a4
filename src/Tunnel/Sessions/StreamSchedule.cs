namespace Keyhole.Tunnel;

/// <summary>
/// When a relay is reached by TLS, and when UDP gets another chance (docs/protocol.md, rule 26).
/// <code>
/// Closed --1 s after the second unanswered registration--> Opening --connected--> Open --session--> InUse
/// Opening --failed--> Closed, again after 1 s to 30 s          Open --5 s without a session--> Closed
/// InUse --UDP answered a probe--> Kept --10 s--> Closed        Kept --UDP died--> InUse, by a new session
/// </code>
/// </summary>
internal sealed class StreamSchedule
{
    /// <summary>Between the second registration and the beginning of TLS.</summary>
    public const long PatienceAfterSecond = 1_000_000;
    public const long FirstProbeInterval = 30_000_000;
    public const long LastProbeInterval = 300_000_000;

    /// <summary>How long a connection is kept after UDP came back.</summary>
    public const long KeepTime = 10_000_000;

    /// <summary>How long a connection may stand without a session in it.</summary>
    public const long SessionTimeout = 5_000_000;

    private const long FirstRetry = 1_000_000;
    private const long LastRetry = 30_000_000;

    /// <summary>UDP that has lasted this long was no accident: its next failure is probed as often as the first.</summary>
    private const long Steady = 60_000_000;

    private long _retry = FirstRetry;
    private long _probeInterval = FirstProbeInterval;
    private long _udpSince = long.MinValue / 2;

    public enum State
    {
        Closed,
        Opening,
        Open,
        InUse,
        Kept,
    }

    /// <summary>What is due.</summary>
    public enum Step
    {
        None,
        Open,
        Probe,
        Close,

        /// <summary>The connection stands and no session comes of it.</summary>
        GiveUp,
    }

    public State Current { get; private set; }

    public bool IsInUse => Current == State.InUse;

    /// <summary>Whether datagrams would leave by the connection.</summary>
    public bool IsConnected => Current is State.Open or State.InUse or State.Kept;

    /// <summary>When <see cref="Next"/> is to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>UDP registrations go out from now on; the second one follows the first after <paramref name="secondAfter"/>.</summary>
    public void RegistrationBegan(long secondAfter, long now)
    {
        if (Current == State.Closed && Deadline == long.MaxValue)
            Deadline = now + secondAfter + PatienceAfterSecond;
    }

    /// <summary>What is due now; each step is given once.</summary>
    public Step Next(long now)
    {
        if (now < Deadline)
            return Step.None;
        switch (Current)
        {
            case State.Closed:
                Current = State.Opening;
                Deadline = long.MaxValue;
                return Step.Open;
            case State.Open:
                Fail(now);
                return Step.GiveUp;
            case State.InUse:
                Deadline = now + _probeInterval;
                _probeInterval = Math.Min(2 * _probeInterval, LastProbeInterval);
                return Step.Probe;
            case State.Kept:
                Close();
                return Step.Close;
            default:
                return Step.None;
        }
    }

    /// <summary>The connection stands; false when nobody asked for it any more.</summary>
    public bool Connected(long now)
    {
        if (Current != State.Opening)
            return false;
        Current = State.Open;
        Deadline = now + SessionTimeout;
        return true;
    }

    /// <summary>The connection ended, or could not be had; tried again, later each time.</summary>
    public void Fail(long now)
    {
        Current = State.Closed;
        Deadline = now + _retry;
        _retry = Math.Min(2 * _retry, LastRetry);
    }

    /// <summary>A session stands that the connection carries.</summary>
    public void SessionByStream(long now)
    {
        if (Current == State.InUse || !IsConnected)
            return;
        if (now - _udpSince > Steady)
            _probeInterval = FirstProbeInterval;
        _retry = FirstRetry;
        Current = State.InUse;
        Deadline = now + _probeInterval;
        _probeInterval = Math.Min(2 * _probeInterval, LastProbeInterval);
    }

    /// <summary>UDP carries the session.</summary>
    /// <returns>True when an attempt to connect is to be ended.</returns>
    public bool SessionByUdp(long now)
    {
        if (Current is State.Open or State.InUse)
        {
            Current = State.Kept;
            Deadline = now + KeepTime;
            _udpSince = now;
            return false;
        }

        if (Current == State.Kept)
            return false;
        bool isOpening = Current == State.Opening;
        Close();
        return isOpening;
    }

    /// <summary>UDP may be another way now: it is asked at once.</summary>
    public void ProbeSoon(long now)
    {
        if (IsInUse)
            Deadline = now;
    }

    /// <summary>There is no connection, and none is wanted.</summary>
    public void Close()
    {
        Current = State.Closed;
        Deadline = long.MaxValue;
    }
}
