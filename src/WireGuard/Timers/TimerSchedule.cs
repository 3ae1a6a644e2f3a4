using System.Collections.Immutable;

namespace Keyhole.WireGuard;

/// <summary>
/// Every constant of the paper's section 6 that decides when something happens; durations in microseconds. <see cref="Paper"/> for stock
/// peers, <see cref="Keyhole"/> between our own programs; tests shorten single values by <c>with</c>.
/// </summary>
public sealed record TimerSchedule
{
    private const long Second = 1_000_000;
    private const long Millisecond = 1_000;

    /// <summary>The paper's and the kernel's values.</summary>
    public static TimerSchedule Paper { get; } = new();

    /// <summary>Between our own programs: faster retries, an answer to a cookie at once, one winner of crossed initiations.</summary>
    public static TimerSchedule Keyhole { get; } = new()
    {
        RetryTimeouts = [Second / 2, Second, 2 * Second, 5 * Second],
        RetryJitter = 50 * Millisecond,
        CrossedInitiationWindow = Second / 2,
        RetryAtOnceAfterCookie = true,
    };

    /// <summary>REKEY_AFTER_MESSAGES: a session that has sent as many is renewed.</summary>
    public ulong RekeyAfterMessages { get; init; } = 1UL << 60;

    /// <summary>REJECT_AFTER_MESSAGES: the first counter that is neither sent nor accepted.</summary>
    public ulong RejectAfterMessages { get; init; } = ulong.MaxValue - (1UL << 13);

    /// <summary>REKEY_AFTER_TIME: age at which the initiator of a session renews it when it sends.</summary>
    public long RekeyAfterTime { get; init; } = 120 * Second;

    /// <summary>REJECT_AFTER_TIME: age at which a session neither sends nor receives. All keys are zeroed after three times as long.</summary>
    public long RejectAfterTime { get; init; } = 180 * Second;

    /// <summary>REKEY_ATTEMPT_TIME: how long initiations are repeated before the peer is given up.</summary>
    public long RekeyAttemptTime { get; init; } = 90 * Second;

    /// <summary>
    /// REKEY_TIMEOUT, as the waits after the first, second, … initiation; the last one repeats. The first one is also the least time between two
    /// initiations that packets cause.
    /// </summary>
    public ImmutableArray<long> RetryTimeouts { get; init; } = [5 * Second];

    /// <summary>Upper bound of the random time that is added to a retry, so that two peers do not stay in step.</summary>
    public long RetryJitter { get; init; } = 334 * Millisecond;

    /// <summary>KEEPALIVE_TIMEOUT: silence after received data that ends in a passive keepalive.</summary>
    public long KeepaliveTimeout { get; init; } = 10 * Second;

    /// <summary>Silence of the peer after data was sent that ends in a new handshake: KEEPALIVE_TIMEOUT + REKEY_TIMEOUT.</summary>
    public long UnansweredTimeout { get; init; } = 15 * Second;

    /// <summary>Least time between two initiations that a responder takes from one peer; the initiator keeps it too.</summary>
    public long InitiationInterval { get; init; } = 20 * Millisecond;

    /// <summary>
    /// For how long after its own initiation the side with the greater public key refuses the peer's, so that one of two crossed handshakes wins
    /// on both sides. 0: both are answered, as stock peers do.
    /// </summary>
    public long CrossedInitiationWindow { get; init; }

    /// <summary>Whether an initiation is repeated at once, with mac2, when its cookie reply comes.</summary>
    public bool RetryAtOnceAfterCookie { get; init; }

    /// <summary>Whether the responder of a session renews it after <see cref="RekeyAfterTime"/> too.</summary>
    public bool ResponderRekeys { get; init; }

    /// <summary>Age of a received session at which its initiator renews it even if it only receives: 165 s in the paper.</summary>
    public long RekeyOnReceiveAfterTime => RejectAfterTime - UnansweredTimeout;

    /// <summary>Age of the last session at which all key material is zeroed: 540 s in the paper.</summary>
    public long ZeroKeysAfterTime => 3 * RejectAfterTime;

    /// <summary>The wait after initiation number <paramref name="attempt"/> (from 0), without jitter.</summary>
    public long RetryTimeout(int attempt) => RetryTimeouts[Math.Min(attempt, RetryTimeouts.Length - 1)];

    /// <exception cref="ArgumentException">A value is negative, or the values contradict each other.</exception>
    internal void Validate()
    {
        if (RetryTimeouts.IsDefaultOrEmpty || RetryTimeouts.Any(timeout => timeout <= 0))
            throw new ArgumentException("RetryTimeouts holds at least one positive wait.");
        if (RekeyAfterTime <= 0 || RejectAfterTime <= RekeyAfterTime || RejectAfterTime > long.MaxValue / 8)
            throw new ArgumentException("0 < RekeyAfterTime < RejectAfterTime must hold.");
        if (KeepaliveTimeout <= 0 || UnansweredTimeout <= KeepaliveTimeout || UnansweredTimeout >= RejectAfterTime)
            throw new ArgumentException("0 < KeepaliveTimeout < UnansweredTimeout < RejectAfterTime must hold.");
        if (RekeyAttemptTime <= 0 || RetryJitter < 0 || InitiationInterval < 0 || CrossedInitiationWindow < 0)
            throw new ArgumentException("RekeyAttemptTime must be positive; RetryJitter, InitiationInterval and CrossedInitiationWindow not negative.");
        if (RejectAfterMessages == 0 || RekeyAfterMessages >= RejectAfterMessages)
            throw new ArgumentException("RekeyAfterMessages < RejectAfterMessages must hold.");
    }
}
