namespace Keyhole.Tunnel;

/// <summary>
/// When a client asks the relay to be introduced to a connector: at once when the session stands, then with longer and longer pauses, and every 30 s only
/// while relayed data moves. A path that is lost, and a network that has changed, start it over.
/// </summary>
internal sealed class IntroductionSchedule
{
    public const long LongestPause = 30_000_000;

    /// <summary>For how long an introduction that was asked for is taken.</summary>
    private const long AnswerTimeout = 5_000_000;

    private static readonly long[] s_pauses = [1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, LongestPause];

    private int _attempts;
    private long _askedAt = long.MinValue / 2;
    private long _dataAt = long.MinValue / 2;

    /// <summary>When to ask; <see cref="long.MaxValue"/> until something happens.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>Whether an introduction was asked for lately.</summary>
    public bool IsExpected(long now) => now - _askedAt < AnswerTimeout;

    /// <summary>Whether the relay was asked since the last start.</summary>
    public bool HasAsked => _attempts > 0;

    /// <summary>Asks at once.</summary>
    public void Start(long now)
    {
        _attempts = 0;
        Deadline = now;
    }

    /// <summary>A path was lost: the next one is asked for after the first pause.</summary>
    public void StartOver(long now)
    {
        _attempts = 0;
        Deadline = now + s_pauses[0];
    }

    /// <summary>A path was lost that did not stand for long: the pauses go on growing.</summary>
    public void Resume(long now) => Deadline = now + s_pauses[Math.Min(_attempts, s_pauses.Length - 1)];

    /// <summary>Nobody can be asked just now.</summary>
    public void Postpone(long now) => Deadline = now + s_pauses[0];

    /// <summary>A direct path is in use.</summary>
    public void Stop() => Deadline = long.MaxValue;

    /// <summary>The relay was asked.</summary>
    public void Asked(long now)
    {
        _askedAt = now;
        long pause = s_pauses[Math.Min(_attempts, s_pauses.Length - 1)];
        bool rests = _attempts >= s_pauses.Length && now - _dataAt > LongestPause;
        _attempts++;
        Deadline = rests ? long.MaxValue : now + pause;
    }

    /// <summary>A packet went through the relay.</summary>
    public void DataMoved(long now)
    {
        _dataAt = now;
        if (Deadline == long.MaxValue && _attempts > 0)
            Deadline = Math.Max(now, _askedAt + LongestPause);
    }
}
