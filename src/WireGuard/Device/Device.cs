using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// One WireGuard interface as a calculation: datagrams, packets and the time (monotonic microseconds) go in; datagrams, packets, events and one
/// deadline come out. Not safe for several threads at once.
/// <code>
/// out   Seal → [staged] → counter → pad → TransportKey.Seal → caller sends
/// in    Receive → type → index → age → TransportKey.Open → replay window → next becomes current → timers → inner source
/// </code>
/// </summary>
public sealed partial class Device : IDisposable
{
    /// <summary>Least MTU of IPv4 that a peer may be set to.</summary>
    public const int SmallestMtu = 576;

    /// <summary>Most peers that <see cref="DeviceOptions.MaximumPeers"/> allows.</summary>
    public const int GreatestMaximumPeers = 1 << 20;

    // Fixed after construction.
    private readonly PrivateKey _privateKey;
    private readonly RandomSource _random;
    private readonly IDatagramOutput _output;
    private readonly DeviceOptions _options;
    private readonly LoadPolicy _loadPolicy;

    // This thread only.
    private readonly Dictionary<PublicKey, Peer> _peers = [];
    private readonly AllowedIpsTrie _allowedIps = new();
    private readonly IndexTable _indices;
    private readonly SessionTimers _timers;
    private readonly CookieChecker _cookieChecker;
    private readonly LoadGauge _load;
    private readonly SourceShares _shares;
    private readonly Queue<DeviceEvent> _events = new();
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];
    private int _stagedBytes;
    private bool _disposed;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Device(DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumPeers, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaximumPeers, GreatestMaximumPeers, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumStagedPackets, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaximumStagedBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumEvents, 1, nameof(options));
        if (!ReplayWindow.IsLength(options.ReplayWindowLength))
            throw new ArgumentException("A replay window is 64 shorter than a power of two from 128 to 2^20.", nameof(options));
        options.TimerSchedule.Validate();
        options.LoadPolicy.Validate();
        _options = options;
        _privateKey = options.PrivateKey;
        _random = options.RandomSource;
        _output = options.Output;
        _loadPolicy = options.LoadPolicy;
        PublicKey = _privateKey.PublicKey;
        _indices = new IndexTable(options.MaximumPeers, _random, options.AcceptIndex);
        _timers = new SessionTimers(_random);
        _cookieChecker = new CookieChecker(PublicKey, _random);
        _load = new LoadGauge(_loadPolicy);
        _shares = new SourceShares(_loadPolicy, _random);
    }

    public PublicKey PublicKey { get; }

    public IReadOnlyCollection<Peer> Peers => _peers.Values;

    /// <summary>When <see cref="Tick"/> wants to be called; <see cref="long.MaxValue"/> for never. May be early, is never late.</summary>
    public long NextDeadline => _timers.Earliest;

    /// <summary>What is due at <see cref="NextDeadline"/> or soon after.</summary>
    public DeadlineReason NextDeadlineReason => _timers.EarliestReason;

    /// <summary>Set by an owner whose queues grow: handshakes then need a cookie whatever the load policy has counted.</summary>
    public bool IsUnderLoad { get; set; }

    /// <summary>Sessions and pending initiations that hold an index.</summary>
    public int IndexCount => _indices.Count;

    /// <summary>Events that were never taken and gave way to newer ones.</summary>
    public long LostEventCount { get; private set; }

    /// <summary>Datagrams and packets dropped for this reason since construction.</summary>
    public long DropCount(DropReason reason) => _drops[(int)reason];

    /// <summary>Adds a peer; with an endpoint and a persistent keepalive the first <see cref="Tick"/> starts a handshake.</summary>
    /// <exception cref="ArgumentException">The key is our own or already there, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="DeviceOptions.MaximumPeers"/> already.</exception>
    public Peer AddPeer(PeerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (options.PublicKey == PublicKey)
            throw new ArgumentException("A device is no peer of itself.", nameof(options));
        if (_peers.ContainsKey(options.PublicKey))
            throw new ArgumentException("A peer with this public key is already there.", nameof(options));
        if (_peers.Count >= _options.MaximumPeers)
            throw new InvalidOperationException($"A device of {_options.MaximumPeers} peers is full.");
        ArgumentOutOfRangeException.ThrowIfNegative(options.PersistentKeepalive, nameof(options));
        options.TimerSchedule?.Validate();
        var peer = new Peer(this, _allowedIps, options, options.TimerSchedule ?? _options.TimerSchedule, options.Mtu ?? _options.Mtu);
        _peers.Add(peer.PublicKey, peer);
        foreach (var prefix in options.AllowedIps)
            peer.AllowedIps.Add(prefix);
        peer.PersistentKeepalive = options.PersistentKeepalive;
        return peer;
    }

    /// <summary>Takes a peer out and zeroes its keys; nothing of it is accepted any more. Twice is once.</summary>
    public void RemovePeer(Peer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (peer.Device != this)
            throw new ArgumentException("The peer belongs to another device.", nameof(peer));
        if (peer.IsRemoved)
            return;
        peer.AllowedIps.Clear();
        peer.IsRemoved = true;
        _peers.Remove(peer.PublicKey);
        _timers.Remove(peer);
        peer.Timers = new PeerTimers();
        ZeroKeys(peer);
        DropStaged(peer, DropReason.None);
        if (peer.StaticShared is { } shared)
            Zero.Fill(shared);
        peer.StaticShared = null;
        peer.PresharedKey.Dispose();
    }

    public Peer? FindPeer(in PublicKey publicKey) => _peers.GetValueOrDefault(publicKey);

    /// <summary>The peer that an inner destination address routes to.</summary>
    public Peer? Route(IpAddress destination) => _allowedIps.Find(destination);

    /// <summary>Whether a receiver index is in use here, so that a relay hands the datagram to this device.</summary>
    public bool OwnsIndex(uint index) => _indices.Find(index) is not null;

    /// <summary>Takes the oldest event.</summary>
    public bool TryDequeueEvent(out DeviceEvent deviceEvent) => _events.TryDequeue(out deviceEvent);

    /// <summary>Removes all peers and zeroes all keys, the private key of the options excepted.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        foreach (var peer in _peers.Values.ToArray())
            RemovePeer(peer);
        _disposed = true;
        _cookieChecker.Dispose();
    }

    /// <summary>Packets that waited for a session and then for an endpoint leave at the next tick.</summary>
    internal void EndpointGiven(Peer peer) => _timers.Set(peer, ref peer.Timers.SendStagedAt, 0);

    internal void PersistentKeepaliveChanged(Peer peer)
    {
        if (peer.IsRemoved)
            return;
        if (peer.PersistentKeepalive > 0)
            _timers.Set(peer, ref peer.Timers.PersistentKeepaliveAt, 0);
        else
            peer.Timers.PersistentKeepaliveAt = long.MaxValue;
    }

    private void Raise(DeviceEventKind kind, Peer peer, long now)
    {
        if (_events.Count >= _options.MaximumEvents)
        {
            _events.Dequeue();
            LostEventCount++;
        }

        _events.Enqueue(new DeviceEvent(kind, peer, now));
    }

    private ReceiveResult Drop(DropReason reason, MessageType type)
    {
        _drops[(int)reason]++;
        return new ReceiveResult { DropReason = reason, MessageType = type };
    }
}
