using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>Tables, and the sessions that follow from them.</remarks>
public sealed partial class ClientState
{
    private const int PaddedPingLength = 1200;

    /// <summary>Follows this roster from now on. Relays and connectors that stay keep their sessions; what is not granted any more is not sent any more.</summary>
    public void Apply(ClientRoster roster, long now)
    {
        ArgumentNullException.ThrowIfNull(roster);
        Flush(now);
        _roster = roster;
        _candidates.SetOverlay(roster.Overlay);
        _registrations.Apply(roster.Relays, now);
        RemoveLinks();
        foreach (var row in roster.Sites)
        {
            if (_sites.Find(site => site.Id == row.Id) is { } known)
                known.Name = row.Name;
            else
                _sites.Add(new ClientSite(row.Id, row.Name));
        }

        foreach (var row in roster.Connectors)
            AddLink(row);
        _routes = new PrefixRoutes<ClientSite>(
            roster.Routes.Select(route => (route.Prefix, _sites.Find(site => site.Id == route.Site)!)).Where(route => route.Item2 is not null));
        foreach (var link in _links)
            LeaveInside(link, now);
        FollowRelay(now);
    }

    /// <summary>Where a relay can be reached, best first: for relays whose endpoints are names, whenever those were resolved.</summary>
    public void SetRelayEndpoints(int relay, IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        _registrations.SetEndpoints(relay, endpoints, now);
        FollowRelay(now);
    }

    private void RemoveLinks()
    {
        for (int index = _links.Count - 1; index >= 0; index--)
        {
            var link = _links[index];
            var row = _roster.Connectors.FirstOrDefault(row => row.Id == link.Row.Id);
            if (row is not null && row.PublicKey == link.Row.PublicKey && row.Site == link.Row.Site)
            {
                link.Row = row;
                continue;
            }

            _device.RemovePeer(link.Peer);
            link.Site.Connectors.Remove(link);
            _links.RemoveAt(index);
        }

        _sites.RemoveAll(site => !_roster.Sites.Any(row => row.Id == site.Id));
    }

    private void AddLink(PeerRow row)
    {
        if (_links.Exists(link => link.Row.Id == row.Id)
            || row.PublicKey is not { } text
            || !PublicKey.TryParse(text, out var key)
            || key == _device.PublicKey
            || _device.FindPeer(key) is not null
            || _sites.Find(site => site.Id == row.Site) is not { } site)
            return;
        var link = new ConnectorLink(row, site, row.Stock ? InnerMtu.Smallest : _options.LargestMtu);

        // What a connector may say is judged by its site's prefixes, since several connectors share them.
        link.Peer = _device.AddPeer(new PeerOptions
        {
            PublicKey = key,
            AcceptAnySource = true,
            TimerSchedule = row.Stock ? TimerSchedule.Paper : _options.Schedule,
            State = link,
        });
        _links.Add(link);
        site.Connectors.Add(link);
    }

    /// <summary>
    /// Sends every link through the relay that answers, or that will: a handshake in the same flight as the registration is routed (docs/protocol.md,
    /// rule 3). A link that comes to another relay makes a new session there, so that the relay learns its entries.
    /// </summary>
    private void FollowRelay(long now)
    {
        var relay = _registrations.Live ?? _registrations.All.FirstOrDefault(registration => registration.Peer.Endpoint.HasValue);
        if (relay?.Peer.Endpoint is not { } endpoint)
            return;
        foreach (var link in _links)
        {
            if (link.Relay == relay && link.RelayEndpoint == endpoint)
                continue;
            link.Relay = relay;
            link.RelayEndpoint = link.Peer.HandshakeEndpoint = endpoint;
            link.RelaySearch.Stop();
            if (link.Paths.InUse is null)
                link.Peer.Endpoint = endpoint;
            Handshake(link, endpoint, now);
        }
    }

    /// <summary>The relay tries a client's connectors one by one, and not all of them: when it did not find this one, the announcement shows it to the next try.</summary>
    private void Handshake(ConnectorLink link, in IpEndpoint endpoint, long now)
    {
        if (link.Relay is { } relay)
            _registrations.Announce(relay, link.Peer.PublicKey, now);
        _device.InitiateHandshake(link.Peer, endpoint, now);
    }

    private void Heard(ConnectorLink link, in ReceiveResult result, PathProbe? path, bool isRelayed, long now)
    {
        if (result.Kind is ReceiveKind.Dropped)
            return;
        link.IsSilent = false;
        path?.Heard(now);
        if (isRelayed)
            link.HasFallenBack = false;
        if (!result.NewSession || link.Row.Stock)
            return;
        link.HasHandshakenDirectly = !isRelayed;
        if (link.Paths.InUse is null)
        {
            link.Pings.Start(_options.RandomSource.NextUInt64(), now);
            StartIntroductions(link, now);
        }

        Choose(link, now);
    }

    private bool TakeControlMessage(Registration registration, ReadOnlySpan<byte> payload, long now)
    {
        if (SessionMessage.TryParse(payload, SessionScope.Registration, out var message))
        {
            if (SessionIntroduction.TryParse(message, out var introduction))
                return TakeIntroduction(registration, introduction, now);
            if (SessionCounterpart.TryParse(message, out var counterpart))
                return TakeCounterpart(counterpart, now);
        }

        if (!_registrations.TakeControlMessage(registration, payload, now))
            return Drop(ClientDropReason.Control);
        Greeted(now);
        return false;
    }

    /// <summary>A connector started anew and knows nothing of this client's session: the next handshake does not wait for its silence to show.</summary>
    private bool TakeCounterpart(in SessionCounterpart counterpart, long now)
    {
        if (_device.FindPeer(new PublicKey(counterpart.PublicKey))?.State is not ConnectorLink link)
            return Drop(ClientDropReason.Control);
        if (link.RelayEndpoint is { } endpoint)
            Handshake(link, endpoint, now);
        return false;
    }

    private bool TakeControlMessage(ConnectorLink link, ReadOnlySpan<byte> payload, in IpEndpoint source, bool isRelayed, bool isFragmented, long now)
    {
        if (!SessionMessage.TryParse(payload, SessionScope.EndToEnd, out var message) || !SessionPing.TryParse(message, out var ping))
            return Drop(ClientDropReason.Control);
        if (!ping.IsPong)
        {
            // The answer goes where the question came from.
            if (payload.Length <= InnerMtu.Smallest)
                SendPing(link, source, ping.ToPong(), payload.Length, now);
            if (!isRelayed && link.Paths.Find(source) is null && _candidates.MayDiscover(source))
                _candidates.Discover(link.Paths, source, now);
        }
        else if (isRelayed)
        {
            if (link.Pings.Answered(ping.Nonce, now))
                StartSearch(link.RelaySearch, link.Pings.RoundTrip, now);
            else
                MtuAnswered(link, link.RelaySearch, source, ping, payload.Length, isFragmented, now);
        }
        else if (link.Paths.Find(source) is { } path)
        {
            if (path.Answered(ping.Nonce, now))
            {
                StartSearch(path.Search, path.RoundTrip, now);
                PathAnswered(link, path, now);
            }
            else if (MtuAnswered(link, path.Search, source, ping, payload.Length, isFragmented, now))
            {
                PathAnswered(link, path, now);
            }
        }

        return false;
    }

    /// <summary>Whether the connector is there is judged end to end; whether the relay is, by the registration's own pings.</summary>
    private void Ping(ConnectorLink link, long now)
    {
        switch (link.Pings.Next(now))
        {
            case PingSchedule.Step.Ping:
                link.IsSilent |= link.Pings.Misses > (link.HasFallenBack ? 0 : 1);
                SendPing(link, SessionPing.Length, now);
                RepeatChoice(link, now);
                break;
            case PingSchedule.Step.PaddedPing:
                link.IsSilent = true;
                SendPing(link, PaddedPingLength, now);
                break;
            case PingSchedule.Step.Dead when link.RelayEndpoint is { } endpoint:
                link.IsSilent = true;
                Handshake(link, endpoint, now);
                break;
        }
    }

    private void SendPing(ConnectorLink link, int length, long now)
    {
        if (link.RelayEndpoint is { } relay)
            SendPing(link, relay, new SessionPing(SessionMessageType.PeerPing, link.Pings.Nonce), length, now);
    }

    private void SendPing(ConnectorLink link, in IpEndpoint destination, in SessionPing ping, int length, long now, bool whole = false)
    {
        var slot = _written.Reserve(length, now);
        ping.Write(slot.Slice(TransportMessage.PacketOffset, length));
        _written.Send(link.Peer, destination, slot, length, now, whole);
    }
}
