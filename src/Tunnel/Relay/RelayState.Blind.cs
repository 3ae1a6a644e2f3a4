using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>
/// What goes from agent to agent although the relay has neither key (docs/protocol.md, rules 6 to 11): here initiations, whose receiver mac1 betrays.
/// The checks stand in the order of their price.
/// </remarks>
public sealed partial class RelayState
{
    /// <summary>Most keys under which mac1 of one initiation is tried: about 0.2 µs each.</summary>
    private const int MaximumTries = 64;

    /// <summary>Slots that one initiation of a stock connector looks through for clients that it has not met.</summary>
    private const int SlotsPerSearch = 2048;

    /// <summary>Most initiations under way, of all agents together: 7 MB.</summary>
    private const int MaximumPending = 65_536;

    private readonly PendingTable _pending;
    private readonly RelayForwarder _forwarder;
    private readonly Mac1Key _mac1Key;

    /// <summary>Initiations that went to their responders and may be answered.</summary>
    public int PendingHandshakeCount => _pending.Count;

    /// <summary>Handshake messages of agents that went on to agents.</summary>
    public long RoutedHandshakeCount { get; private set; }

    /// <summary>
    /// Deals with a datagram between agents. False when it is for the relay itself, or nobody's: then the device judges it.
    /// </summary>
    private bool TakeBlind(ReadOnlySpan<byte> datagram, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        switch (Message.TypeOf(datagram))
        {
            case MessageType.HandshakeInitiation when FindSender(source) is { } sender && !_mac1Key.Verify(datagram):
                RouteInitiation(sender, datagram, source, now, out forward);
                return true;
            case MessageType.HandshakeResponse when FindSender(source) is { } sender && !_device.OwnsIndex(ResponseMessage.ReceiverIndex(datagram)):
                RouteResponse(sender, datagram, source, now, out forward);
                return true;
            case MessageType.CookieReply when FindSender(source) is { } sender && !_device.OwnsIndex(CookieReplyMessage.ReceiverIndex(datagram)):
                RouteCookieReply(sender, datagram, source, now, out forward);
                return true;
            case MessageType.TransportData:
                return TakeBlindData(datagram, source, now, out forward);
            default:
                return false;
        }
    }

    private bool RouteInitiation(AgentSlot initiator, ReadOnlySpan<byte> message, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        if (initiator.Address != source)
            initiator.Candidate.Credit += message.Length;
        if (initiator is { IsConnector: true, Row.Stock: false })
            return Drop(RelayDropReason.NotInitiator);
        var likely = Likely(initiator);
        int tries = 0;
        var responder = likely is not null && IsFor(initiator, likely, message, ref tries) ? likely : null;
        if (responder is null && !initiator.SearchBucket.TryTake(now))
            return Drop(RelayDropReason.HandshakeRate);
        responder ??= FindResponder(initiator, likely, message, tries);
        if (responder is null)
            return Drop(RelayDropReason.NoCounterpart);
        if (!initiator.HandshakeBucket.TryTake(now))
            return Drop(RelayDropReason.HandshakeRate);
        if (responder.Address is not { } address)
            return Drop(RelayDropReason.NoAddress);
        uint senderIndex = InitiationMessage.SenderIndex(message);
        int pending = _pending.Find(responder, senderIndex, now);
        if (_device.OwnsIndex(senderIndex)
            || (pending >= 0 && _pending[pending].Initiator != initiator)
            || (Forwarding.IsEntry(responder.Index, senderIndex, now, out int other) && other != initiator.Index))
            return Drop(RelayDropReason.IndexCollision);
        if (!Admit(initiator, responder, message, source, now))
            return false;
        if (pending < 0)
            _pending.Add(initiator, responder, senderIndex, source, now);
        forward = Route(address, message.Length);
        return true;
    }

    private bool Admit(AgentSlot initiator, AgentSlot responder, ReadOnlySpan<byte> message, in IpEndpoint source, long now)
    {
        var guard = responder.Guard ??= new ResponderGuard(responder, _options.LoadPolicy, _options.RandomSource);
        switch (guard.Admit(message, source, _pending.CountSince(initiator, responder, Second, now), now))
        {
            case Admission.Admitted:
                return true;
            case Admission.CookieRequired:
                if (TryPay(initiator, source, CookieReplyMessage.Length))
                {
                    var reply = _scratch.AsSpan(0, CookieReplyMessage.Length);
                    guard.WriteCookieReply(message, source, reply, now);
                    _options.Output.Send(source, reply, initiator.Peer);
                }

                return Drop(RelayDropReason.CookieRequired);
            default:
                return Drop(RelayDropReason.ResponderRate);
        }
    }

    /// <summary>
    /// The one whose key is tried whatever else came: it costs no more than the look at the relay's own key, and so a flood under the agent's address that is made for
    /// nobody does not keep the agent's own handshakes out.
    /// </summary>
    private static AgentSlot? Likely(AgentSlot initiator) => initiator.Announced ?? (initiator.Recent is { Slots: [{ } last, ..] } ? last : null);

    /// <summary>The counterpart for whose key mac1 was made; null when there is none among those that are tried.</summary>
    private AgentSlot? FindResponder(AgentSlot initiator, AgentSlot? likely, ReadOnlySpan<byte> message, int tries)
    {
        var recent = initiator.Recent is { } known ? known.Slots : default;
        foreach (var slot in recent)
        {
            if (slot != likely && IsFor(initiator, slot!, message, ref tries))
                return slot;
        }

        return initiator.IsConnector ? FindClient(initiator, message, recent, tries) : FindConnector(initiator, message, recent, tries);
    }

    private static AgentSlot? FindConnector(AgentSlot client, ReadOnlySpan<byte> message, ReadOnlySpan<AgentSlot?> recent, int tries)
    {
        foreach (var site in client.Routes.Sites)
        {
            foreach (var connector in site.Connectors)
            {
                if (tries == MaximumTries)
                    return null;
                if (connector != client.Announced && !recent.Contains(connector) && IsFor(client, connector, message, ref tries))
                    return connector;
            }
        }

        return null;
    }

    /// <summary>
    /// A stock connector may have more clients than can be tried at once: each initiation goes on where the last one stopped, and whoever was found is recent.
    /// </summary>
    private AgentSlot? FindClient(AgentSlot connector, ReadOnlySpan<byte> message, ReadOnlySpan<AgentSlot?> recent, int tries)
    {
        for (int left = Math.Min(SlotsPerSearch, _slots.Length); left > 0 && tries < MaximumTries; left--)
        {
            connector.SearchedTo = (connector.SearchedTo + 1) % _slots.Length;
            if (_slots[connector.SearchedTo] is { IsConnector: false } client && !recent.Contains(client) && IsFor(connector, client, message, ref tries))
                return client;
        }

        return null;
    }

    private static bool IsFor(AgentSlot initiator, AgentSlot responder, ReadOnlySpan<byte> message, ref int tries)
    {
        if (tries == MaximumTries || !initiator.MayMeet(responder))
            return false;
        tries++;
        return responder.Peer.Mac1Key.Verify(message);
    }

    /// <summary>An index of the relay's own is never one under which the same agent's datagrams go on to another agent.</summary>
    private bool AcceptIndex(Peer peer, uint index) =>
        peer.State is not AgentSlot slot || (!Forwarding.IsEntry(slot.Index, index, 0, out _) && _pending.Find(slot, index, 0) < 0);

    private RelayForward Route(in IpEndpoint destination, int length)
    {
        RoutedHandshakeCount++;
        CountForwarded(length);
        return new RelayForward(destination, length);
    }
}
