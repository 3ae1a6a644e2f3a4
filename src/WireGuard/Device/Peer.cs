using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// One public key that a <see cref="Device"/> talks to. The device reports where datagrams came from and never changes
/// <see cref="Endpoint"/>: roaming is the owner's decision.
/// </summary>
public sealed class Peer
{
    // Fixed after construction.
    internal readonly Device Device;
    internal readonly PresharedKey PresharedKey;
    internal readonly bool AcceptAnySource;

    // This thread only.
    internal Keypair? Current;
    internal Keypair? Previous;
    internal Keypair? Next;
    internal PendingInitiation? Pending;
    internal StagedPackets? Staged;
    internal byte[]? StaticShared;
    internal PeerTimers Timers = new();
    internal CookieMaker CookieMaker;
    internal IpEndpoint? HandshakeDestination;
    internal Tai64n LastSentTimestamp;
    internal long LastInitiationSentAt = long.MinValue / 2;
    internal long LastInitiationReceivedAt = long.MinValue / 2;
    internal long HandshakeRoundTrip;
    internal int HeapIndex = -1;

    private IpEndpoint? _endpoint;
    private long _persistentKeepalive;
    private int _mtu;

    internal Peer(Device device, AllowedIpsTrie trie, PeerOptions options, TimerSchedule schedule, int mtu)
    {
        Device = device;
        PublicKey = options.PublicKey;
        PresharedKey = options.PresharedKey is { } key ? new PresharedKey(key.Bytes) : PresharedKey.None;
        Mac1Key = new Mac1Key(options.PublicKey);
        AllowedIps = new AllowedIpSet(trie, this);
        Schedule = schedule;
        AcceptAnySource = options.AcceptAnySource;
        Endpoint = options.Endpoint;
        GreatestTimestamp = options.GreatestTimestamp;
        State = options.State;
        IsResponderOnly = options.IsResponderOnly;
        Mtu = mtu;
    }

    public PublicKey PublicKey { get; }

    /// <summary>Of handshake messages to this peer.</summary>
    public Mac1Key Mac1Key { get; }

    /// <summary>Where data, keepalives and, unless <see cref="HandshakeEndpoint"/> says otherwise, initiations go. Written by the owner only.</summary>
    public IpEndpoint? Endpoint
    {
        get => _endpoint;
        set
        {
            _endpoint = value;
            if (Staged is not null && Current is not null)
                Device.EndpointGiven(this);
        }
    }

    /// <summary>Where initiations go that the device starts by itself; null: to <see cref="Endpoint"/>.</summary>
    public IpEndpoint? HandshakeEndpoint { get; set; }

    /// <summary>Anything of the owner's.</summary>
    public object? State { get; set; }

    public AllowedIpSet AllowedIps { get; }

    public TimerSchedule Schedule { get; }

    /// <summary>Whether the device starts no handshake by itself; <see cref="Device.InitiateHandshake"/> still does.</summary>
    public bool IsResponderOnly { get; }

    /// <summary>Up to which packets are padded.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 576 to 65,535.</exception>
    public int Mtu
    {
        get => _mtu;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, Device.SmallestMtu);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
            _mtu = value;
        }
    }

    /// <summary>Microseconds between keepalives, 0 for none. A new value makes one due at once.</summary>
    public long PersistentKeepalive
    {
        get => _persistentKeepalive;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (_persistentKeepalive == value)
                return;
            _persistentKeepalive = value;
            Device.PersistentKeepaliveChanged(this);
        }
    }

    /// <summary>The greatest TAI64N label of the peer's initiations, to be kept over a restart.</summary>
    public Tai64n GreatestTimestamp { get; internal set; }

    /// <summary>When the current session was derived; null without one.</summary>
    public long? SessionSince => Current?.CreatedAt;

    /// <summary>When the last handshake completed; null before the first.</summary>
    public long? LastHandshakeAt { get; internal set; }

    /// <summary>When the last authentic datagram came; null before the first.</summary>
    public long? LastReceivedAt { get; internal set; }

    /// <summary>Bytes of authentic datagrams received.</summary>
    public long ReceivedBytes { get; internal set; }

    /// <summary>Bytes of datagrams sealed or sent by the device.</summary>
    public long SentBytes { get; internal set; }

    /// <summary>Whether <see cref="Device.RemovePeer"/> took it out; it stays so.</summary>
    public bool IsRemoved { get; internal set; }

    /// <summary>Packets that wait for a session.</summary>
    public int StagedCount => Staged?.Count ?? 0;

    /// <summary>Whether a packet sealed now would leave at once.</summary>
    public bool HasSession(long now) => Current?.CanSend(now) == true;
}
