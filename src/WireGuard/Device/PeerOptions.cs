using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>What a <see cref="Peer"/> starts with.</summary>
public sealed record PeerOptions
{
    public required PublicKey PublicKey { get; init; }

    /// <summary>Null is the all-zero key of the paper. Copied: the caller's stays the caller's.</summary>
    public PresharedKey? PresharedKey { get; init; }

    /// <summary>Inner addresses of the peer. A prefix that another peer holds moves to this one.</summary>
    public IReadOnlyList<IpPrefix> AllowedIps { get; init; } = [];

    /// <summary>
    /// Packets of the peer are not held against <see cref="AllowedIps"/>: the owner does that in its own way, as a gateway does whose peers lead to
    /// networks with equal addresses.
    /// </summary>
    public bool AcceptAnySource { get; init; }

    /// <summary>Where datagrams for the peer go.</summary>
    public IpEndpoint? Endpoint { get; init; }

    /// <summary>Microseconds between keepalives, 0 for none. With an endpoint, the first <see cref="Device.Tick"/> starts a handshake.</summary>
    public long PersistentKeepalive { get; init; }

    /// <summary>
    /// Whether the device only answers this peer's handshakes and starts none by itself: packets without a session are then dropped. So a connector
    /// treats its clients.
    /// </summary>
    public bool IsResponderOnly { get; init; }

    /// <summary>The greatest TAI64N label seen before a restart.</summary>
    public Tai64n GreatestTimestamp { get; init; }

    /// <summary>Null takes the device's.</summary>
    public TimerSchedule? TimerSchedule { get; init; }

    /// <summary>Null takes the device's.</summary>
    public int? Mtu { get; init; }

    /// <summary>Anything of the owner's.</summary>
    public object? State { get; init; }
}
