using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>
/// Ways past the relay (docs/protocol.md, rules 6 and 15 to 19). The client asks for introductions, pings what it was told of, chooses, and says so by a
/// keepalive along the way that it has chosen, which the connector follows.
/// </remarks>
public sealed partial class ClientState
{
    /// <summary>Silence of the relay after which a handshake goes along the direct path.</summary>
    private const long RelayPatience = 5_000_000;

    /// <summary>Keepalives that tell of a choice, since one may be lost: the first at once, the others with the next pings.</summary>
    private const int ChoiceCount = 3;

    /// <summary>One per second and pair (docs/protocol.md, rule 17), and some for packets that overtake each other.</summary>
    private const long IntroductionInterval = 900_000;

    private readonly PathCandidates _candidates;
    private long _greetingCount;

    /// <summary>
    /// Follows the machine's network, called when it has changed: the relays are registered at anew and ways past them are looked for.
    /// </summary>
    /// <param name="addresses">Without those of the tunnel's own interface.</param>
    /// <param name="port">Of the socket through which <see cref="ClientOptions.Output"/> sends.</param>
    public void SetLocalAddresses(IReadOnlyList<LocalAddress> addresses, ushort port, long now)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        Flush(now);
        if (_candidates.Follow(addresses, port, now))
            NetworkChanged(now);
    }

    /// <summary>Addresses that a gateway has mapped to this client's socket, at which it can be reached from outside.</summary>
    public void SetMappedAddresses(IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        Flush(now);
        _candidates.SetMapped(endpoints, now);
    }

    /// <summary>The machine's way to the world may be another one: everything is asked at once.</summary>
    public void NetworkChanged(long now)
    {
        Flush(now);
        _candidates.Renew(now);
        foreach (var link in _links)
        {
            link.Paths.Doubt(now);
            link.Paths.ForgetMtu();
            link.RelaySearch.Stop();
            link.ChoicesLeft = ChoiceCount;
        }
    }

    /// <summary>What comes from elsewhere than a relay is heard only when it is data of a session, or answers a handshake that went along a direct path.</summary>
    private bool MayComeDirectly(ReadOnlySpan<byte> datagram, in IpEndpoint source) => Message.TypeOf(datagram) switch
    {
        MessageType.TransportData => _device.OwnsIndex(TransportMessage.ReceiverIndex(datagram)),
        MessageType.HandshakeResponse => FindDirect(source) is not null,
        _ => false,
    };

    private ConnectorLink? FindDirect(in IpEndpoint source)
    {
        foreach (var link in _links)
        {
            if (link.Paths.InUse is { } path && path.Endpoint == source)
                return link;
        }

        return null;
    }

    /// <summary>A relay has answered a hello or said that it sees the client elsewhere: who can be reached directly may be others now.</summary>
    private void Greeted(long now)
    {
        if (_registrations.GreetingCount == _greetingCount)
            return;
        _greetingCount = _registrations.GreetingCount;
        foreach (var link in _links)
        {
            if (link.Peer.HasSession(now))
                StartIntroductions(link, now);
        }
    }

    private void StartIntroductions(ConnectorLink link, long now)
    {
        if (_options.DirectPaths && !link.Row.Stock)
            link.Introductions.Start(now);
    }

    private void Introduce(ConnectorLink link, long now)
    {
        if (now < link.Introductions.Deadline)
            return;
        if (link.Relay is not { State: RegistrationState.Live } relay || !link.Peer.HasSession(now))
        {
            link.Introductions.Postpone(now);
            return;
        }

        // Who comes by TLS is seen at no UDP address; the relay tells when that changes.
        if (relay.Reflexive is null || (link.Paths.InUse is not null && link.Introductions.HasAsked))
        {
            link.Introductions.Stop();
            return;
        }

        link.Introductions.Asked(now);
        _registrations.AskIntroduction(relay, link.Peer.PublicKey, now);
    }

    /// <summary>The relay has introduced a connector: both ping each other's addresses from now on.</summary>
    private bool TakeIntroduction(Registration relay, in SessionIntroduction introduction, long now)
    {
        if (_device.FindPeer(new PublicKey(introduction.PublicKey))?.State is not ConnectorLink link
            || !link.Introductions.IsExpected(now) || now - link.IntroducedAt < IntroductionInterval)
            return Drop(ClientDropReason.Control);
        if (relay.Reflexive is not { } own)
            return false;
        link.IntroducedAt = now;
        _candidates.Try(link.Paths, relay, own, introduction, now);
        ProbePaths(link, now);
        return false;
    }

    private void ProbePaths(ConnectorLink link, long now)
    {
        while (link.Paths.TakeDue(now, out var step) is { } probe)
        {
            if (step == PathStep.Failed)
            {
                if (probe.IsInUse)
                    LosePath(link, probe, now);
                continue;
            }

            SendPing(link, probe.Endpoint, new SessionPing(SessionMessageType.PeerPing, probe.Nonce), SessionPing.Length, now);
            if (probe.IsInUse)
                RepeatChoice(link, now);
        }
    }

    /// <summary>Back to the relay, at once. A path in reserve may answer to take its place. Without a relay that answers there is nothing to fall back to.</summary>
    private void LosePath(ConnectorLink link, PathProbe path, long now)
    {
        if (link.Relay is not { State: RegistrationState.Live })
        {
            link.IsSilent = true;
            link.Paths.Restore(path, now);
            return;
        }

        FallBack(link, path, now);
    }

    /// <summary>What was granted since leads into the tunnel: no path to such an address carries it, and none is used a moment longer.</summary>
    private void LeaveInside(ConnectorLink link, long now)
    {
        if (link.Paths.Remove(_candidates.LeadsInside) is { } path)
            FallBack(link, path, now);
    }

    private void FallBack(ConnectorLink link, PathProbe path, long now)
    {
        link.LostPathCount++;
        UsePath(link, null, now);
        link.HasFallenBack = true;
        link.Pings.Start(_options.RandomSource.NextUInt64(), now);
        if (path.IsProven && now - path.ProvenAt < PathSet.LeastStay)
            link.Introductions.Resume(now);
        else
            link.Introductions.StartOver(now);
        link.Paths.Doubt(now);
    }

    private void PathAnswered(ConnectorLink link, PathProbe path, long now)
    {
        link.IsSilent = false;
        if (_options.DirectPaths && link.Paths.Prefers(path, link.Pings.RoundTrip, now))
            UsePath(link, path, now);
    }

    private void UsePath(ConnectorLink link, PathProbe? path, long now)
    {
        // What was written before leaves the old way.
        Flush(now);
        link.Paths.Use(path, now);
        link.Peer.Endpoint = path?.Endpoint ?? link.RelayEndpoint;
        link.Search.Confirm(now);
        NoteNarrowing(link);
        if (path is not null)
        {
            link.Pings.Stop();
            link.Introductions.Stop();
        }

        Choose(link, now);
    }

    /// <summary>Tells the connector of the way that this client uses, and what that carries: the connector may hold what was true of it in another network.</summary>
    private void Choose(ConnectorLink link, long now)
    {
        link.ChoicesLeft = ChoiceCount;
        RepeatChoice(link, now);
    }

    private void RepeatChoice(ConnectorLink link, long now)
    {
        if (link.ChoicesLeft == 0)
            return;
        link.ChoicesLeft--;
        if (!link.Row.Stock && (link.Paths.InUse?.Endpoint ?? link.RelayEndpoint) is { } way)
            TellMtu(link, link.Search, way, now);
        _written.Send(link.Peer, _written.Reserve(0, now), 0, now);
    }

    /// <summary>
    /// Handshakes travel through the relay, so that it holds the entries for a fall back. Only when it has not answered for a while one goes directly; a
    /// new one follows as soon as it does.
    /// </summary>
    private void RouteHandshakes(ConnectorLink link, long now)
    {
        bool isRelayGone = link.Paths.InUse is not null
            && link.Relay is { State: not RegistrationState.Live } relay
            && now - (relay.Peer.LastReceivedAt ?? long.MinValue / 2) > RelayPatience;
        if (isRelayGone && !link.IsRelayGone)
            _device.InitiateHandshake(link.Peer, link.Paths.InUse!.Endpoint, now);
        link.IsRelayGone = isRelayGone;
        link.Peer.HandshakeEndpoint = isRelayGone ? link.Paths.InUse!.Endpoint : link.RelayEndpoint;
        if (link is { HasHandshakenDirectly: true, Relay.State: RegistrationState.Live, RelayEndpoint: { } endpoint })
        {
            link.HasHandshakenDirectly = false;
            Handshake(link, endpoint, now);
        }
    }
}
