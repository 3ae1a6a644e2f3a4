using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// One address of the other side: first an attempt, then, once the other has answered a ping from there, a path. Pings are authentic, since they travel in
/// the end-to-end session, and a pong counts only when it comes from the address that its ping went to.
/// <code>
/// attempt ── five pings within 2.5 s, no pong ──▶ failed
///         ── pong ──▶ proven ── client: four pings without an answer; connector: silence ──▶ failed
/// </code>
/// </summary>
internal sealed class PathProbe
{
    /// <summary>Least time between pings of a path that carries data, and of one of which answers are missing.</summary>
    public const long BusyInterval = 150_000;
    public const long BusyRetryInterval = 75_000;

    /// <summary>Between pings of a path in use while nothing moves, when answers are missing, and of a path in reserve.</summary>
    public const long IdleInterval = 2_000_000;
    public const long IdleRetryInterval = 500_000;
    public const long ReserveInterval = 10_000_000;

    /// <summary>Pings in a row that nothing answers: then the path is dead, unless other datagrams came meanwhile.</summary>
    public const int MaximumMisses = 4;

    /// <summary>For how long other datagrams excuse missing pongs: one direction may be blocked alone.</summary>
    public const long OneWayPatience = 1_200_000;

    /// <summary>The connector's view: the client pings the path that it uses every two seconds, and one in reserve every ten.</summary>
    public const long SilenceInUse = 5_000_000;
    public const long SilenceInReserve = 25_000_000;

    /// <summary>Data moves when the last packet is no older than this.</summary>
    private const long BusyFor = 1_000_000;

    /// <summary>For how long an address that was found by a ping from there, and did not answer, is not tried again.</summary>
    private const long ForgetAfter = 30_000_000;

    private const int HistoryLength = 16;

    private static readonly long[] s_attempts = [100_000, 200_000, 400_000, 800_000, 1_000_000];

    private readonly bool _isJudge;
    private readonly ulong _firstNonce;
    private readonly long[] _sentAt = new long[HistoryLength];
    private PingRecord _record;
    private ulong _sentCount;
    private ulong _answeredCount;
    private long _dataAt = long.MinValue / 2;
    private long _heardAt;
    private bool _isExhausted;

    /// <param name="isJudge">The client keeps pinging and judges by it; the connector, whom the client pings, listens.</param>
    /// <param name="isDiscovered">It stood in no introduction: a ping came from there.</param>
    /// <param name="nonce">Where the nonces of this path begin.</param>
    /// <param name="largestMtu">The longest inner packet that is sought for.</param>
    public PathProbe(in IpEndpoint endpoint, PathKind kind, bool isDiscovered, bool isJudge, int largestMtu, ulong nonce, long now)
    {
        Endpoint = endpoint;
        Kind = kind;
        IsDiscovered = isDiscovered;
        _isJudge = isJudge;
        Search = new MtuSearch(largestMtu);
        _firstNonce = nonce;
        Deadline = _heardAt = now;
    }

    public IpEndpoint Endpoint { get; }

    public PathKind Kind { get; }

    public bool IsDiscovered { get; }

    /// <summary>The other side answered from there.</summary>
    public bool IsProven { get; private set; }

    public long ProvenAt { get; private set; }

    /// <summary>When <see cref="Next"/> wants to be called.</summary>
    public long Deadline { get; private set; }

    /// <summary>Of the last ping.</summary>
    public ulong Nonce => _firstNonce + _sentCount;

    /// <summary>Smoothed, microseconds; 0 before the first answer.</summary>
    public long RoundTrip { get; private set; }

    /// <summary>The share of the last pings that nothing answered, those of the attempt not counted; null before there are any.</summary>
    public double? Loss => _record.Loss;

    /// <summary>Pings sent since the last answered one.</summary>
    public int Misses => (int)(_sentCount - _answeredCount);

    /// <summary>The client's: how long a packet it carries.</summary>
    public MtuSearch Search { get; }

    /// <summary>Enough is known of what it carries: over IPv4 what is too long still arrives, in fragments.</summary>
    public bool IsMtuDecided => Endpoint.Address.IsIpv4 ? Search.IsDecided : Search.IsDecidedWhole;

    /// <summary>Full packets are lost on it.</summary>
    public bool IsTooNarrow => Search.IsTooNarrow && !Endpoint.Address.IsIpv4;

    /// <summary>Whether it was looked at since its MTU is known.</summary>
    public bool IsConsidered { get; set; }

    /// <summary>The connector's: what the client said of it, in bytes.</summary>
    public int ToldMtu { get; set; } = InnerMtu.Smallest;

    /// <summary>Data of the session goes this way.</summary>
    public bool IsInUse { get; private set; }

    /// <summary>What is due. <see cref="PathStep.Ping"/>: the caller sends <see cref="Nonce"/> there.</summary>
    public PathStep Next(long now)
    {
        if (now < Deadline)
            return PathStep.None;
        if (_isExhausted)
            return PathStep.Failed;
        if (!IsProven)
            return NextAttempt(now);
        if (!_isJudge)
            return Listen(now);
        if (IsDead(now))
        {
            Deadline = long.MaxValue;
            return PathStep.Failed;
        }

        var step = Ping(now);
        Rest(now);
        return step;
    }

    /// <summary>A pong came from there. False when it answers none of the last pings.</summary>
    public bool Answered(ulong nonce, long now)
    {
        ulong number = nonce - _firstNonce;
        if (number == 0 || number > _sentCount || _sentCount - number >= HistoryLength || number <= _answeredCount)
            return false;
        long sample = Math.Max(1, now - _sentAt[number % HistoryLength]);
        RoundTrip = RoundTrip == 0 ? sample : RoundTrip + ((sample - RoundTrip) / 8);
        _answeredCount = number;
        _heardAt = now;
        _record.Answered(_sentCount - number);
        if (!IsProven)
            (IsProven, ProvenAt, _isExhausted, _record) = (true, now, false, default);
        Rest(now);
        return true;
    }

    /// <summary>An authentic datagram came from there.</summary>
    public void Heard(long now) => _heardAt = now;

    /// <summary>A packet of this length went either way along it.</summary>
    public void DataMoved(int length, long now)
    {
        Search.DataMoved(length, now);
        bool wasBusy = IsBusy(now);
        _dataAt = now;
        if (!wasBusy && IsProven)
            Rest(now);
    }

    /// <summary>Data goes this way from now on, or does not any more.</summary>
    public void Use(bool isInUse, long now)
    {
        IsInUse = isInUse;
        if (IsProven)
            Rest(now);
    }

    /// <summary>Asks at once whether it still stands: the network has changed.</summary>
    public void Doubt(long now)
    {
        if (IsProven && _isJudge)
            Deadline = now;
    }

    /// <summary>The way there may be another one, which carries less.</summary>
    public void ForgetMtu()
    {
        Search.Stop();
        IsConsidered = false;
        ToldMtu = InnerMtu.Smallest;
    }

    /// <summary>It has failed, but there is no other way: it is asked on and on.</summary>
    public void Persist(long now)
    {
        _answeredCount = _sentCount - 1;
        Deadline = now + IdleRetryInterval;
    }

    private long LastSentAt => _sentCount == 0 ? long.MinValue / 2 : _sentAt[_sentCount % HistoryLength];

    private PathStep NextAttempt(long now)
    {
        if (_sentCount < (ulong)s_attempts.Length)
        {
            Deadline = now + s_attempts[_sentCount];
            return Ping(now);
        }

        // One of an introduction may be found again by a ping from there; one that was found so waits, or each of those would cost five.
        if (!IsDiscovered)
            return PathStep.Failed;
        _isExhausted = true;
        Deadline = now + ForgetAfter;
        return PathStep.None;
    }

    private PathStep Listen(long now)
    {
        Deadline = _heardAt + (IsInUse ? SilenceInUse : SilenceInReserve);
        return now < Deadline ? PathStep.None : PathStep.Failed;
    }

    private PathStep Ping(long now)
    {
        _sentCount++;
        _record.Sent();
        _sentAt[_sentCount % HistoryLength] = now;
        return PathStep.Ping;
    }

    private bool IsDead(long now)
    {
        if (Misses < MaximumMisses)
            return false;
        long since = _sentAt[(_sentCount - (ulong)Math.Min(Misses, HistoryLength) + 1) % HistoryLength];
        return _heardAt < since || now - since >= OneWayPatience;
    }

    /// <summary>The next deadline of a proven path.</summary>
    private void Rest(long now)
    {
        if (!_isJudge)
        {
            Deadline = Math.Max(now, _heardAt + (IsInUse ? SilenceInUse : SilenceInReserve));
            return;
        }

        bool isBusy = IsBusy(now);
        long interval = Misses switch
        {
            0 => !IsInUse ? ReserveInterval : isBusy ? BusyInterval : IdleInterval,
            1 => isBusy ? BusyInterval : IdleRetryInterval,
            _ => isBusy ? BusyRetryInterval : IdleRetryInterval,
        };
        Deadline = Math.Max(now, LastSentAt + Math.Max(interval, RoundTrip + RoundTrip / 2));
    }

    private bool IsBusy(long now) => now - _dataAt < BusyFor;
}
