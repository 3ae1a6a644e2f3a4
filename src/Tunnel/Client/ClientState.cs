using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// A client's sessions as a calculation: it registers at its relays and has an end-to-end session with the connectors of every site where something was
/// granted, through the relay, which cannot read it. Not safe for several threads at once.
/// <code>
/// out   Send → own address? → granted prefix → site → connector of the flow … Flush → Device.Seal of the batch in place → IDatagramSlots.Commit
/// in    Receive → relay's address | data of a session → Device.Receive → control message | connector → its site's prefix? own address? → the caller's packet
/// </code>
/// </summary>
public sealed partial class ClientState : IDisposable
{
    // Fixed after construction.
    private readonly ClientOptions _options;
    private readonly Device _device;
    private readonly SealBatch _written;
    private readonly RegistrationSet _registrations;
    private readonly ulong _hashKey;

    // This thread only.
    private readonly List<ClientSite> _sites = [];
    private readonly List<ConnectorLink> _links = [];
    private readonly long[] _drops = new long[Enum.GetValues<ClientDropReason>().Length];
    private ClientRoster _roster = ClientRoster.None;
    private PrefixRoutes<ClientSite> _routes = PrefixRoutes<ClientSite>.None;

    public ClientState(ClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _device = new Device(new DeviceOptions
        {
            PrivateKey = options.PrivateKey,
            RandomSource = options.RandomSource,
            Output = options.Output,
            TimestampAtZero = options.TimestampAtZero,
            TimerSchedule = options.Schedule,
            LoadPolicy = LoadPolicy.Never,
            ReplayWindowLength = 65_472,
            Mtu = options.LargestMtu,
        });
        _written = new SealBatch(_device, options.Slots);
        _registrations = new RegistrationSet(_device, options.RandomSource, _written, options.Schedule, options.Keepalive, options.Streams);
        _candidates = new PathCandidates(_registrations, options.RandomSource, options.DirectPaths, address => _routes.Find(address) is not null);
        _hashKey = options.RandomSource.NextUInt64();
    }

    /// <summary>When <see cref="Tick"/> wants to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline
    {
        get
        {
            long next = Math.Min(_device.NextDeadline, _registrations.NextDeadline);
            foreach (var link in _links)
                next = Math.Min(Math.Min(Math.Min(next, link.Pings.Deadline), link.RelaySearch.Deadline), Math.Min(link.Paths.Deadline, link.Introductions.Deadline));
            return next;
        }
    }

    /// <summary>The revision of the table in force.</summary>
    public long Revision => _roster.Revision;

    /// <summary>True while a relay answers.</summary>
    public bool IsRegistered => _registrations.Live is not null;

    /// <summary>True when packets to every site would leave at once: each has a connector with a session.</summary>
    public bool IsReady(long now)
    {
        foreach (var site in _sites)
        {
            if (!site.HasSession(now))
                return false;
        }

        return IsRegistered;
    }

    /// <summary>Packets of connectors that were given to the caller.</summary>
    public long PacketsReceived { get; private set; }

    /// <summary>Packets that were sealed, or wait for a session.</summary>
    public long PacketsSent { get; private set; }

    /// <summary>Datagrams and packets that went nowhere for this reason.</summary>
    public long DropCount(ClientDropReason reason) => _drops[(int)reason];

    /// <summary>What the WireGuard device refused.</summary>
    public long DropCount(DropReason reason) => _device.DropCount(reason);

    /// <summary>
    /// Deals with one datagram, opening it in place. True when <paramref name="packet"/> is one of a connector for this client; what comes neither from a
    /// relay nor in a session is dropped without an answer.
    /// </summary>
    /// <param name="isFragmented">It came in IP fragments.</param>
    public bool Receive(Span<byte> datagram, in IpEndpoint source, long now, out ReadOnlySpan<byte> packet, bool isFragmented = false)
    {
        packet = default;
        bool isRelayed = _registrations.Find(source) is not null;
        if (!isRelayed && !MayComeDirectly(datagram, source))
            return Drop(ClientDropReason.UnknownSource);
        var result = _device.Receive(datagram, source, now);
        var payload = result.Kind == ReceiveKind.Packet ? datagram.Slice(result.Offset, result.Length) : default;
        switch (result.Peer?.State)
        {
            case Registration registration when isRelayed:
                registration.Heard(result, source, now);
                if (result.Kind == ReceiveKind.Packet)
                    TakeControlMessage(registration, payload, now);
                return false;
            case ConnectorLink link:
                Heard(link, result, isRelayed ? null : link.Paths.Find(source), isRelayed, now);
                return result.Kind == ReceiveKind.Packet && Take(link, payload, source, isRelayed, isFragmented, now, out packet);
            default:
                return Drop(isRelayed ? ClientDropReason.WireGuard : ClientDropReason.UnknownSource);
        }
    }

    /// <summary>
    /// Takes a packet of this client for the site that it is for: it is sealed with the next <see cref="Flush"/> at the latest, and without a session waits
    /// for one. False when it went nowhere: <paramref name="reason"/> says why.
    /// </summary>
    public bool Send(ReadOnlySpan<byte> packet, long now, out ClientDropReason reason)
    {
        if (!IpView.TryParse(packet, out var ip) || !IsOwn(ip.Source))
            return Drop(reason = ClientDropReason.Malformed);
        if (_routes.Find(ip.Destination) is not { } site)
            return Drop(reason = ClientDropReason.NotGranted);
        if (site.Pick(HashOf(ip), now) is not { Peer.Endpoint: not null } link)
            return Drop(reason = ClientDropReason.NoConnector);
        if (ip.TotalLength > link.Search.Mtu)
            return Drop(reason = ClientDropReason.TooLarge);
        if (link.Peer.HasSession(now))
        {
            ip.Packet.CopyTo(_written.Rent(link.Peer, ip.TotalLength, now));
            _written.Commit(ip.TotalLength);
        }
        else
        {
            var slot = _written.Reserve(ip.TotalLength, now);
            ip.Packet.CopyTo(slot[TransportMessage.PacketOffset..]);
            if (_device.Seal(link.Peer, slot, ip.TotalLength, now).Kind == SealKind.Dropped)
                return Drop(reason = ClientDropReason.NoSession);
        }

        reason = default;
        PacketsSent++;
        link.PacketsSent++;
        link.DataMoved(ip.TotalLength, now);
        return true;
    }

    /// <summary>Seals what was taken and hands it to <see cref="IDatagramSlots"/>; at the end of every turn, before the slots are sent.</summary>
    public void Flush(long now) => _written.Flush(now);

    /// <summary>Does what is due. May be called early.</summary>
    public void Tick(long now)
    {
        Flush(now);
        _device.Tick(now);
        while (_device.TryDequeueEvent(out var happened))
        {
            if (happened.Kind != DeviceEventKind.HandshakeGaveUp)
                continue;
            if (happened.Peer.State is Registration registration)
                registration.GaveUp(now);
            else if (happened.Peer.State is ConnectorLink link)
                link.IsSilent = true;
        }

        _registrations.Tick(now);
        FollowRelay(now);
        foreach (var link in _links)
        {
            RouteHandshakes(link, now);
            Ping(link, now);
            ProbePaths(link, now);
            SearchMtu(link, now);
            Introduce(link, now);
        }
    }

    /// <summary>Tells the relays that this client is gone.</summary>
    public void Goodbye(long now) => _registrations.Tell(SessionMessageType.Goodbye, now);

    /// <summary>The relays by what the data path has shown.</summary>
    public IReadOnlyList<RegistrationStatus> Registrations() => _registrations.Status();

    /// <summary>The connectors by what the data path has shown.</summary>
    public IReadOnlyList<ConnectorLinkStatus> Connectors(long now) =>
    [
        .. _links.Select(link => new ConnectorLinkStatus(
            link.Site.Id, link.Site.Name, link.Row.Id, link.Row.Name, link.Peer.PublicKey, link.Peer.HasSession(now), link.IsSilent,
            link.Paths.InUse?.Kind ?? PathKind.Relayed, link.Peer.Endpoint, link.Relay?.Row.Name, link.Peer.LastHandshakeAt, link.Peer.LastReceivedAt,
            link.Paths.InUse?.RoundTrip ?? link.Pings.RoundTrip, link.Paths.InUse is { } path ? path.Loss : link.Pings.Loss, link.Peer.ReceivedBytes, link.Peer.SentBytes, link.LostPathCount, link.Search.Mtu)),
    ];

    public void Dispose() => _device.Dispose();

    /// <summary>A connector speaks for its own site and to this client only, whatever it seals.</summary>
    private bool Take(ConnectorLink link, ReadOnlySpan<byte> payload, in IpEndpoint source, bool isRelayed, bool isFragmented, long now, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (SessionMessage.Claims(payload))
            return TakeControlMessage(link, payload, source, isRelayed, isFragmented, now);
        if (!IpView.TryParse(payload, out var ip))
            return Drop(ClientDropReason.Malformed);
        if (!ReferenceEquals(_routes.Find(ip.Source), link.Site))
            return Drop(ClientDropReason.ForeignSource);
        if (!IsOwn(ip.Destination))
            return Drop(ClientDropReason.ForeignDestination);
        PacketsReceived++;
        link.PacketsReceived++;
        link.DataMoved(ip.TotalLength, now);
        packet = ip.Packet;
        return true;
    }

    private bool IsOwn(IpAddress address)
    {
        // By index: to enumerate a list behind its interface allocates.
        for (int i = 0; i < _roster.Addresses.Count; i++)
        {
            if (_roster.Addresses[i] == address)
                return true;
        }

        return false;
    }

    /// <summary>Packets of one flow hash alike; fragments, which have no ports but in the first, by their addresses.</summary>
    private ulong HashOf(in IpView ip)
    {
        if (!ip.IsFragment && ip.TryGetFlow(out var flow))
            return flow.Hash(_hashKey);
        return new FlowKey(0, ip.Source, 0, ip.Destination, 0).Hash(_hashKey);
    }

    private bool Drop(ClientDropReason reason)
    {
        _drops[(int)reason]++;
        return false;
    }
}
