using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>What answers an initiation between agents: responses, which make forwarding entries, and cookie replies, which make nothing.</remarks>
public sealed partial class RelayState
{
    /// <summary>Responses to one initiation that are taken (docs/protocol.md, rule 9).</summary>
    private const int MaximumResponses = 4;

    private bool RouteResponse(AgentSlot responder, ReadOnlySpan<byte> message, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        if (responder.Address != source)
            return Drop(RelayDropReason.UnconfirmedSource);
        int place = _pending.Find(responder, ResponseMessage.ReceiverIndex(message), now);
        if (place < 0)
            return Drop(RelayDropReason.NotPending);
        ref var pending = ref _pending[place];
        if (!pending.Initiator.Peer.Mac1Key.Verify(message))
            return Drop(RelayDropReason.ResponseMac1);
        if (pending.ResponseCount >= MaximumResponses)
            return Drop(RelayDropReason.ResponseLimit);
        pending.ResponseCount++;
        var initiator = pending.Initiator;
        uint responderIndex = ResponseMessage.SenderIndex(message);
        if (_device.OwnsIndex(responderIndex))
            return Drop(RelayDropReason.IndexCollision);
        if (!TryFindWayBack(initiator, pending.Source, message.Length, out var destination))
            return false;
        if (!TryAddPair(initiator, responder, pending.SenderIndex, responderIndex, now))
            return false;
        Met(initiator, responder);
        forward = Route(destination, message.Length);
        return true;
    }

    private bool TryAddPair(AgentSlot initiator, AgentSlot responder, uint initiatorIndex, uint responderIndex, long now)
    {
        var result = initiator.IsConnector
            ? Forwarding.AddPair(responder.Index, initiator.Index, responderIndex, initiatorIndex, now)
            : Forwarding.AddPair(initiator.Index, responder.Index, initiatorIndex, responderIndex, now);
        return result switch
        {
            EntryResult.Added or EntryResult.Known => true,
            EntryResult.OwnedByOther => Drop(RelayDropReason.IndexCollision),
            _ => Drop(RelayDropReason.EntryLimit),
        };
    }

    private static void Met(AgentSlot initiator, AgentSlot responder)
    {
        (initiator.Recent ??= new RecentCounterparts()).Touch(responder);
        if (responder.Row.Stock)
            (responder.Recent ??= new RecentCounterparts()).Touch(initiator);
    }

    /// <summary>A node under load answers an initiation or a response like that (paper section 5.4.7).</summary>
    private bool RouteCookieReply(AgentSlot sender, ReadOnlySpan<byte> message, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        if (sender.Address != source)
            return Drop(RelayDropReason.UnconfirmedSource);
        uint receiverIndex = CookieReplyMessage.ReceiverIndex(message);
        IpEndpoint destination;
        if (Forwarding.IsEntry(sender.Index, receiverIndex, now, out int to) && _slots[to] is { } receiver)
        {
            if (receiver.Address is not { } address)
                return Drop(RelayDropReason.NoAddress);
            destination = address;
        }
        else
        {
            int place = _pending.Find(sender, receiverIndex, now);
            if (place < 0)
                return Drop(RelayDropReason.NotPending);
            if (!TryFindWayBack(_pending[place].Initiator, _pending[place].Source, message.Length, out destination))
                return false;
        }

        forward = Route(destination, message.Length);
        return true;
    }

    /// <summary>Transport data on a caller's single thread; a relay's data threads have a <see cref="RelayForwarder"/> each and ask here only for the rest.</summary>
    private bool TakeBlindData(ReadOnlySpan<byte> datagram, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        switch (_forwarder.TryForward(source, datagram, 1, datagram.Length, now, isOverloaded: false, out _, out var destination))
        {
            case ForwardVerdict.Forward:
                forward = new RelayForward(destination, datagram.Length);
                CountForwarded(datagram.Length);
                return true;
            case ForwardVerdict.Dropped:
                return true;
            default:
                CreditCandidate(datagram, source, now);
                return false;
        }
    }

    /// <summary>
    /// Data of an agent that has moved goes nowhere until the new address is proven, but it pays for the question that proves it: a stock node would otherwise
    /// need minutes of keepalives.
    /// </summary>
    private void CreditCandidate(ReadOnlySpan<byte> datagram, in IpEndpoint source, long now)
    {
        if (!_byCandidate.TryGetValue(source, out var slot)
            || slot.Candidate.Address != source
            || datagram.Length < TransportMessage.Overhead
            || _device.OwnsIndex(TransportMessage.ReceiverIndex(datagram)))
            return;
        slot.Candidate.Credit += datagram.Length;
        Challenge(slot, now);
    }

    /// <summary>Where an answer goes: back to where the initiation came from while that is the agent's, or to the address that it has confirmed.</summary>
    private bool TryFindWayBack(AgentSlot agent, in IpEndpoint origin, int length, out IpEndpoint destination)
    {
        destination = origin;
        if (agent.Address == origin)
            return true;
        if (agent.Candidate.Address == origin && TryPay(agent, origin, length))
            return true;
        if (agent.Address is not { } address)
            return Drop(RelayDropReason.CandidateBudget);
        destination = address;
        return true;
    }

    /// <summary>Whether an address may be sent this much: a confirmed one always, a candidate what came from there.</summary>
    private static bool TryPay(AgentSlot agent, in IpEndpoint destination, int length)
    {
        if (agent.Address == destination)
            return true;
        if (agent.Candidate.Address != destination || agent.Candidate.Credit < length)
            return false;
        agent.Candidate.Credit -= length;
        return true;
    }
}
