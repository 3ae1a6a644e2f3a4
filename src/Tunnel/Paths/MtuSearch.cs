using Keyhole.Contracts;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// How long a packet one path carries (docs/protocol.md, rule 21): pings padded to the length in question, which nobody may cut in fragments, show it as
/// in RFC 8899. It rises only by an answer, and falls to what every path carries as soon as answers stay out while a short ping, sent after the long ones,
/// is answered: a path that is slow or silent for a while loses long and short alike, and is asked on.
/// <code>
/// stopped ── the path answers ──▶ 1420 asked ─┬─ answered ──▶ settled
///                                             └─ not ──▶ between what is proven and what is refused, by halves; at last 1280 itself ──▶ settled
/// settled ── while data moves: asked again ── not answered, but a short ping ──▶ 1280, and sought anew below
/// </code>
/// </summary>
/// <param name="largest">No more is sought; <see cref="InnerMtu.Smallest"/> for no search at all.</param>
internal sealed class MtuSearch(int largest)
{
    /// <summary>How often the length in use is confirmed while packets beyond <see cref="InnerMtu.Smallest"/> move, and while only shorter ones do.</summary>
    public const long ConfirmInterval = 400_000;
    public const long SlowConfirmInterval = 5_000_000;

    /// <summary>When more is tried again: doubled each time, up to PMTU_RAISE_TIMER of RFC 8899 section 5.1.1.</summary>
    public const long FirstRaisePause = 5_000_000;
    public const long LastRaisePause = 600_000_000;

    /// <summary>Unanswered pings of a longer length that refuse it, and of the one in use that take it back.</summary>
    public const int MaximumAttempts = 3;
    public const int MaximumMisses = 4;

    private const long ShortestPatience = 100_000;
    private const long BusyFor = 1_000_000;
    private const int HistoryLength = 32;

    private readonly (int Size, long At)[] _sent = new (int, long)[HistoryLength];
    private ulong _firstNonce;
    private ulong _count;
    private int _refused = largest + 1;
    private int _candidate;
    private int _misses;
    private ulong _firstWitness;
    private bool _isWitnessSent;
    private bool _isWitnessed;
    private bool _isSeeking;
    private bool _isLeastProven = largest <= InnerMtu.Smallest;
    private long _roundTrip;
    private long _raiseAt;
    private long _raisePause = FirstRaisePause;
    private long _dataAt = long.MinValue / 2;
    private long _longDataAt = long.MinValue / 2;
    private long _askedAt = long.MinValue / 2;
    private long _confirmedAt = long.MinValue / 2;

    /// <summary>What is proven, in bytes of inner packet.</summary>
    public int Mtu { get; private set; } = Math.Min(InnerMtu.Smallest, largest);

    /// <summary>When <see cref="Next"/> wants to be called.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    public bool IsStarted { get; private set; }

    /// <summary>The greatest length was answered or refused: what is known is enough to use the path.</summary>
    public bool IsDecided { get; private set; } = largest <= InnerMtu.Smallest;

    /// <summary>The same for a path on which nobody cuts what is too long: it carries the least that there must be.</summary>
    public bool IsDecidedWhole => IsDecided && _isLeastProven;

    /// <summary>Not even <see cref="InnerMtu.Smallest"/> arrives whole.</summary>
    public bool IsTooNarrow { get; private set; }

    /// <summary>Of the last ping.</summary>
    public ulong Nonce => _firstNonce + _count;

    /// <summary>The path is another one: what was proven is worth nothing.</summary>
    public void Stop()
    {
        Forget();
        IsStarted = false;
        IsDecided = largest <= InnerMtu.Smallest;
        Deadline = long.MaxValue;
    }

    /// <summary>The path answers: the search begins.</summary>
    /// <param name="nonce">Where its nonces begin.</param>
    /// <param name="roundTrip">Of the path, in microseconds.</param>
    public void Start(ulong nonce, long roundTrip, long now)
    {
        Stop();
        (IsStarted, _firstNonce, _count, _roundTrip) = (true, nonce, 0, roundTrip);
        if (largest <= InnerMtu.Smallest)
            return;
        Seek(largest);
        _isSeeking = true;
        Deadline = now;
    }

    /// <summary>Whether the path still carries what it did: it was not in use for a while.</summary>
    public void Confirm(long now)
    {
        if (!IsStarted || Mtu == InnerMtu.Smallest || _candidate != 0)
            return;
        Seek(Mtu);
        Deadline = now;
    }

    /// <summary>The length of a ping to be sent now with <see cref="Nonce"/>; 0 for none.</summary>
    public int Next(long now)
    {
        if (now < Deadline)
            return 0;
        if (_candidate == 0)
            Choose(now);
        else if (_candidate > Mtu ? _misses >= MaximumAttempts : _misses >= MaximumMisses && _isWitnessed)
            Refuse(now);
        else if (_misses >= MaximumMisses && !IsBusy(now))
            GiveUp(now);
        if (_candidate == 0)
            return 0;
        if (NeedsWitness)
            return AskWitness(now);
        _isWitnessSent = false;
        _misses++;
        _askedAt = now;

        // What is only late is not asked for faster than what is confirmed: it is congested enough.
        Deadline = now + Math.Max(_misses > MaximumMisses ? ConfirmInterval : ShortestPatience, 2 * _roundTrip);
        return Ask(_candidate, now);
    }

    /// <summary>A pong came back whole. True when it answers one of the last long pings of this search, late ones too.</summary>
    /// <param name="length">Of the payload, which is as long as the ping's.</param>
    public bool Answered(ulong nonce, int length, long now)
    {
        ulong number = nonce - _firstNonce;
        if (!IsStarted || number == 0 || number > _count || _count - number >= HistoryLength)
            return false;
        if (_sent[number % HistoryLength].Size == SessionPing.Length)
            return Witnessed(number, now);
        if (_sent[number % HistoryLength].Size != length)
            return false;
        long sample = now - _sent[number % HistoryLength].At;
        _roundTrip = _roundTrip == 0 ? sample : _roundTrip + ((sample - _roundTrip) / 8);
        (_isLeastProven, IsTooNarrow) = (true, false);
        if (length < Mtu)
            return true;
        (Mtu, _confirmedAt) = (length, now);
        if (length >= _refused)
            _refused = largest + 1;
        IsDecided |= length == largest;
        if (_candidate > length)
            return true;
        Seek(IsDecided ? Between() : largest);
        if (_candidate == 0)
            Settle(now);
        else
            Deadline = now;
        return true;
    }

    /// <summary>A packet of this length went either way along the path.</summary>
    public void DataMoved(int length, long now)
    {
        bool isNews = !IsBusy(now);

        // A download that begins again shows nothing longer than its request when the answer is lost.
        if (isNews)
            _longDataAt = Mtu > InnerMtu.Smallest ? now : _longDataAt;
        _dataAt = now;
        if (length > InnerMtu.Smallest)
        {
            isNews |= now - _longDataAt >= BusyFor;
            _longDataAt = now;
        }

        if (isNews && IsStarted && _candidate == 0)
            Rest(now);
    }

    /// <summary>Long pings stay out, and no short one shows yet that they alone do.</summary>
    private bool NeedsWitness => _candidate <= Mtu && _misses >= MaximumMisses - 1 && !_isWitnessed && !_isWitnessSent;

    private bool IsBusy(long now) => now - _dataAt < BusyFor;

    private bool IsLong(long now) => now - _longDataAt < BusyFor;

    /// <summary>Nothing moves, and nothing has moved since the length in use was asked last.</summary>
    private bool IsIdle(long now) => !IsBusy(now) && (Mtu == InnerMtu.Smallest || _dataAt <= _askedAt);

    private bool NeedsConfirmation(long now) => Mtu > InnerMtu.Smallest && now - _confirmedAt >= ConfirmInterval;

    private int Ask(int length, long now)
    {
        _count++;
        _sent[_count % HistoryLength] = (length, now);
        return length;
    }

    private int AskWitness(long now)
    {
        Ask(SessionPing.Length, now);
        _isWitnessSent = true;
        if (_firstWitness == 0)
            _firstWitness = _count;
        return SessionPing.Length;
    }

    /// <summary>What was sent after the long pings has arrived, so that they are not merely late.</summary>
    private bool Witnessed(ulong number, long now)
    {
        if (_firstWitness == 0 || number < _firstWitness)
            return false;
        _isWitnessed = true;
        if (_misses >= MaximumMisses)
            Deadline = Math.Min(Deadline, Math.Max(now, _askedAt + ShortestPatience));
        return false;
    }

    private void Seek(int candidate)
    {
        _candidate = candidate;
        _misses = 0;
        _firstWitness = 0;
        _isWitnessSent = _isWitnessed = false;
    }

    /// <summary>Nothing at all is answered, and nobody waits for it: asked again when data moves.</summary>
    private void GiveUp(long now)
    {
        Seek(0);
        Settle(now);
    }

    private void Forget()
    {
        Mtu = Math.Min(InnerMtu.Smallest, largest);
        _refused = largest + 1;
        Seek(0);
        _raisePause = FirstRaisePause;
        _isSeeking = IsTooNarrow = false;
        _isLeastProven = largest <= InnerMtu.Smallest;
    }

    /// <summary>Settled, and something is due: more, where that was refused a while ago, or the length in use again, which comes first.</summary>
    private void Choose(long now)
    {
        if (IsIdle(now))
        {
            Deadline = long.MaxValue;
            return;
        }

        if (Mtu < largest && now >= _raiseAt && IsBusy(now) && !NeedsConfirmation(now))
        {
            _refused = largest + 1;
            Seek(largest);
            _isSeeking = true;
        }
        else if (Mtu > InnerMtu.Smallest)
        {
            Seek(Mtu);
        }
        else
        {
            Rest(now);
        }
    }

    private void Refuse(long now)
    {
        IsDecided = true;
        _refused = _candidate;
        if (_candidate == InnerMtu.Smallest)
        {
            IsTooNarrow = true;
        }
        else if (_candidate <= Mtu)
        {
            Mtu = InnerMtu.Smallest;
            _raisePause = FirstRaisePause;
            _isSeeking = true;
            _isLeastProven = false;
        }

        int next = Between();

        // A search for more takes a while; what is in use may be lost meanwhile.
        Seek(next > Mtu && IsLong(now) && NeedsConfirmation(now) ? Mtu : next);
        if (_candidate == 0)
            Settle(now);
    }

    /// <summary>The middle of what is proven and what is refused, as WireGuard pads it; the least itself when nothing above it is left; 0 when they touch.</summary>
    private int Between()
    {
        if (_refused <= InnerMtu.Smallest)
            return 0;
        if (_refused > largest)
            return Mtu < largest ? largest : 0;
        int middle = (Mtu + _refused) / 2 / TransportMessage.PaddingMultiple * TransportMessage.PaddingMultiple;
        if (middle <= Mtu)
            middle = (Mtu / TransportMessage.PaddingMultiple + 1) * TransportMessage.PaddingMultiple;
        return middle < _refused ? middle : _isLeastProven ? 0 : InnerMtu.Smallest;
    }

    private void Settle(long now)
    {
        if (_isSeeking)
        {
            _isSeeking = false;
            _raiseAt = now + _raisePause;
            _raisePause = Math.Min(2 * _raisePause, LastRaisePause);
        }

        Rest(now);
    }

    private void Rest(long now)
    {
        if (IsIdle(now))
        {
            Deadline = long.MaxValue;
            return;
        }

        long confirmAt = Mtu == InnerMtu.Smallest ? long.MaxValue : _askedAt + (IsLong(now) ? ConfirmInterval : SlowConfirmInterval);
        Deadline = Math.Max(now, Math.Min(confirmAt, Mtu < largest ? _raiseAt : long.MaxValue));
    }
}
