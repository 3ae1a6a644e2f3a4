using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>
/// Ways past the relay (docs/protocol.md, rules 15 to 19): the connector pings what it was told of, sends data only where a pong came from, and follows the
/// client, which chooses.
/// </remarks>
public sealed partial class ConnectorState
{
    /// <summary>Deadlines of paths are looked at together, and no more often.</summary>
    private const long PathGranularity = 10_000;

    /// <summary>Least time between two introductions of one client that are acted on.</summary>
    private const long IntroductionInterval = 900_000;

    private readonly PathCandidates _candidates;
    private readonly List<ClientPath> _withPaths = [];

    /// <summary>Clients that may begin a handshake from where they have answered.</summary>
    private readonly Dictionary<IpEndpoint, ClientPath> _byProven = [];
    private TokenBucket _introductions = new(capacity: 100, perSecond: 100);
    private long _pathsDueAt = long.MaxValue;

    /// <summary>Clients whose data goes straight to them.</summary>
    public int DirectCount => _withPaths.Count(path => path.Paths!.InUse is not null);

    /// <summary>
    /// Follows the machine's network, called when it has changed: the relays are registered at anew.
    /// </summary>
    /// <param name="port">Of the socket through which <see cref="ConnectorOptions.Output"/> sends.</param>
    public void SetLocalAddresses(IReadOnlyList<LocalAddress> addresses, ushort port, long now)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        _now = now;
        Flush(now);
        if (_candidates.Follow(addresses, port, now))
            NetworkChanged(now);
    }

    /// <summary>Addresses that a gateway has mapped to this connector's socket, at which it can be reached from outside.</summary>
    public void SetMappedAddresses(IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        _now = now;
        Flush(now);
        _candidates.SetMapped(endpoints, now);
    }

    /// <summary>The machine's way to the world may be another one. Clients find out by themselves whether their paths still stand.</summary>
    public void NetworkChanged(long now)
    {
        _now = now;
        Flush(now);
        _candidates.Renew(now);
        foreach (var path in _byClient.Values)
        {
            path.ForgetMtu();
            NoteMtu(path);
        }
    }

    /// <summary>What comes from elsewhere than a relay is heard only when it is data of a session, or a handshake from where its client has answered.</summary>
    private bool MayComeDirectly(ReadOnlySpan<byte> datagram, in IpEndpoint source) => Message.TypeOf(datagram) switch
    {
        MessageType.TransportData => _device.OwnsIndex(TransportMessage.ReceiverIndex(datagram)),
        MessageType.HandshakeInitiation => _byProven.ContainsKey(source),
        _ => false,
    };

    /// <summary>The relay has introduced a client, and the client is told of this connector at the same time.</summary>
    private bool TakeIntroduction(Registration relay, in SessionIntroduction introduction, long now)
    {
        if (_device.FindPeer(new PublicKey(introduction.PublicKey))?.State is not ClientPath path
            || now - path.IntroducedAt < IntroductionInterval
            || !_introductions.TryTake(now))
            return Drop(ConnectorDropReason.Control);
        path.IntroducedAt = now;
        if (!_options.DirectPaths || relay.Reflexive is not { } own || !path.EndToEnd!.HasSession(now))
            return false;
        _candidates.Try(PathsOf(path), relay, own, introduction, now);
        ProbePaths(path, now);
        return false;
    }

    private PathSet PathsOf(ClientPath path)
    {
        if (path.Paths is { } known)
            return known;
        _withPaths.Add(path);
        return path.Paths = new PathSet(isJudge: false, InnerMtu.Smallest);
    }

    private bool TakeControlMessage(ClientPath path, ReadOnlySpan<byte> payload, in IpEndpoint source, bool isRelayed, bool isFragmented, long now)
    {
        if (!SessionMessage.TryParse(payload, SessionScope.EndToEnd, out var message))
            return Drop(ConnectorDropReason.Control);
        if (SessionMtu.TryParse(message, out var mtu))
            TakeMtu(path, mtu.Mtu, source, isRelayed);
        else if (!SessionPing.TryParse(message, out var ping))
            return Drop(ConnectorDropReason.Control);
        else
            TakePing(path, ping, payload.Length, source, isRelayed, isFragmented, now);
        return false;
    }

    private void TakePing(ClientPath path, in SessionPing ping, int length, in IpEndpoint source, bool isRelayed, bool isFragmented, long now)
    {
        if (!ping.IsPong)
        {
            // A long one asks what the way carries: nothing of that length, when it came in fragments. The answer goes where the question came from.
            bool isProbe = length > InnerMtu.Smallest;
            if (!isProbe || (!isFragmented && length <= _options.LargestMtu))
                SendPing(path, source, ping.ToPong(), length, now, whole: isProbe);
            if (!isRelayed && path.Paths?.Find(source) is null && _candidates.MayDiscover(source))
            {
                _candidates.Discover(PathsOf(path), source, now);
                ProbePaths(path, now);
            }
        }
        else if (isRelayed || path.Paths?.Find(source) is not { } probe)
        {
            Drop(ConnectorDropReason.Control);
        }
        else if (probe.Answered(ping.Nonce, now))
        {
            _byProven[source] = path;
            _pathsDueAt = Math.Min(_pathsDueAt, probe.Deadline);
        }
    }

    private void ProbePaths(ClientPath path, long now)
    {
        var paths = path.Paths!;
        while (paths.TakeDue(now, out var step) is { } probe)
        {
            if (step == PathStep.Ping)
                SendPing(path, probe.Endpoint, new SessionPing(SessionMessageType.PeerPing, probe.Nonce), SessionPing.Length, now);
            else
                Forget(path, probe, now);
        }

        _pathsDueAt = Math.Min(_pathsDueAt, paths.Deadline);
    }

    private void Forget(ClientPath path, PathProbe probe, long now)
    {
        if (_byProven.TryGetValue(probe.Endpoint, out var holder) && holder == path)
            _byProven.Remove(probe.Endpoint);
        if (probe.IsInUse)
            UsePath(path, null, now);
    }

    private void TickPaths(long now)
    {
        if (now < _pathsDueAt)
            return;
        _pathsDueAt = long.MaxValue;
        foreach (var path in _withPaths)
        {
            if (path.Paths!.Deadline <= now)
                ProbePaths(path, now);
            else
                _pathsDueAt = Math.Min(_pathsDueAt, path.Paths.Deadline);
        }

        if (_pathsDueAt != long.MaxValue)
            _pathsDueAt = Math.Max(_pathsDueAt, now + PathGranularity);
    }

    /// <summary>Notes the way of an authentic datagram in the client's own session.</summary>
    private void Follow(ClientPath path, Registration? relay, in ReceiveResult result, ReadOnlySpan<byte> datagram, in IpEndpoint source, long now)
    {
        if (path.EndToEnd is not { } peer)
            return;
        if (result.Confirmed)
            path.BeginSession(TransportMessage.ReceiverIndex(datagram));
        if (result.Kind == ReceiveKind.Dropped)
            return;
        if (relay is not null)
        {
            path.Relay = relay;
            bool isOther = path.RelayEndpoint != source;
            path.RelayEndpoint = source;
            if (path.Paths?.InUse is null && peer.Endpoint != source)
                peer.Endpoint = source;
            if (isOther)
                NoteMtu(path);
        }
        else
        {
            path.Paths?.Find(source)?.Heard(now);
        }

        // The keepalive that confirms a session, its first packet, goes the way of its handshake, which is not the client's choice; nor are pings, which try all ways.
        bool isChoice = result.Kind == ReceiveKind.Keepalive ? relay is null || result.Counter > 0 : result.Kind == ReceiveKind.Packet && !SessionMessage.Claims(datagram[result.Offset..]);
        if (isChoice && path.IsNewest(TransportMessage.ReceiverIndex(datagram), result.Counter))
            FollowChoice(path, peer, isRelayed: relay is not null, source, now);
    }

    private void FollowChoice(ClientPath path, Peer peer, bool isRelayed, in IpEndpoint source, long now)
    {
        if (isRelayed)
        {
            if (path.Paths?.InUse is not null)
                UsePath(path, null, now);
        }
        else if (peer.Endpoint != source && path.Paths?.Find(source) is { IsProven: true } probe)
        {
            UsePath(path, probe, now);
        }
    }

    private void UsePath(ClientPath path, PathProbe? probe, long now)
    {
        // What was written before leaves the old way.
        Flush(now);
        path.Paths!.Use(probe, now);
        path.EndToEnd!.Endpoint = probe?.Endpoint ?? path.RelayEndpoint;
        _pathsDueAt = Math.Min(_pathsDueAt, path.Paths.Deadline);
        NoteMtu(path);
    }

    private void ForgetPaths(ClientPath path)
    {
        if (path.Paths is null)
            return;
        foreach (var endpoint in _byProven.Where(pair => pair.Value == path).Select(pair => pair.Key).ToList())
            _byProven.Remove(endpoint);
        _withPaths.Remove(path);
        path.Paths = null;
        NoteMtu(path);
    }

    private void SendPing(ClientPath path, in IpEndpoint destination, in SessionPing ping, int length, long now, bool whole = false)
    {
        if (path.EndToEnd is not { } peer)
            return;
        var slot = _written.Reserve(length, now);
        ping.Write(slot.Slice(TransportMessage.PacketOffset, length));
        _written.Send(peer, destination, slot, length, now, whole);
    }
}
