using Keyhole.Cryptography;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>What a <see cref="ClientState"/> is made of. Durations are microseconds.</summary>
public sealed record ClientOptions
{
    /// <summary>The client's static key. It stays the caller's to dispose, after the state.</summary>
    public required PrivateKey PrivateKey { get; init; }

    public required RandomSource RandomSource { get; init; }

    /// <summary>The TAI64N label at <c>now</c> = 0.</summary>
    public required Tai64n TimestampAtZero { get; init; }

    /// <summary>Takes what the WireGuard device sends by itself. It is called while a slot of <see cref="Slots"/> is reserved, and must leave that alone.</summary>
    public required IDatagramOutput Output { get; init; }

    /// <summary>Takes what the client sends.</summary>
    public required IDatagramSlots Slots { get; init; }

    /// <summary>Makes TLS connections to relays where UDP is blocked; null: there are none.</summary>
    public IRelayStreams? Streams { get; init; }

    /// <summary>Between our programs.</summary>
    public TimerSchedule Schedule { get; init; } = TimerSchedule.Keyhole;

    /// <summary>Silence towards a relay that ends in a keepalive, so that address translators keep the way open.</summary>
    public long Keepalive { get; init; } = 25_000_000;

    /// <summary>Whether ways past the relay are looked for; false keeps all data on the relay.</summary>
    public bool DirectPaths { get; init; } = true;

    /// <summary>
    /// The longest inner packet, from 1280 to 1420: what is above 1280 is used where a path was shown to carry it. It takes <see cref="Slots"/> that can keep a
    /// datagram from being cut, and a caller who knows which ones came in fragments.
    /// </summary>
    public int LargestMtu { get; init; } = InnerMtu.Largest;
}
