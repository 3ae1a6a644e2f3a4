using Keyhole.Cryptography;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>What a <see cref="ConnectorState"/> is made of. Durations are microseconds.</summary>
public sealed record ConnectorOptions
{
    /// <summary>The connector's static key. It stays the caller's to dispose, after the state.</summary>
    public required PrivateKey PrivateKey { get; init; }

    public required RandomSource RandomSource { get; init; }

    /// <summary>The TAI64N label at <c>now</c> = 0.</summary>
    public required Tai64n TimestampAtZero { get; init; }

    /// <summary>Takes what the WireGuard device sends by itself. It is called while a slot of <see cref="Slots"/> is reserved, and must leave that alone.</summary>
    public required IDatagramOutput Output { get; init; }

    /// <summary>Takes what the connector sends.</summary>
    public required IDatagramSlots Slots { get; init; }

    /// <summary>Makes TLS connections to relays where UDP is blocked; null: there are none.</summary>
    public IRelayStreams? Streams { get; init; }

    /// <summary>Towards relays. A relay that was down is found again within the longest of these waits.</summary>
    public TimerSchedule Schedule { get; init; } = DefaultSchedule;

    /// <summary>Silence towards a relay that ends in a keepalive, so that address translators keep the way open.</summary>
    public long Keepalive { get; init; } = 25_000_000;

    /// <summary>Whether clients may be reached past the relay; false keeps all data on it.</summary>
    public bool DirectPaths { get; init; } = true;

    /// <summary>Clients and relays with a session at a time.</summary>
    public int MaximumPeers { get; init; } = 65_536;

    /// <summary>
    /// The longest inner packet, from 1280 to 1420: what is above 1280, which stock configurations carry, is used where a client has shown that the way to
    /// it carries that. It takes <see cref="Slots"/> that can keep a datagram from being cut, and a caller who knows which ones came in fragments.
    /// </summary>
    public int LargestMtu { get; init; } = InnerMtu.Largest;

    /// <summary>The longest packet through the gateway of a relay, and to stock clients.</summary>
    public int GatewayMtu { get; init; } = InnerMtu.Smallest;

    public static TimerSchedule DefaultSchedule { get; } = TimerSchedule.Keyhole with { RetryTimeouts = [500_000, 1_000_000, 2_000_000, 3_000_000] };
}
