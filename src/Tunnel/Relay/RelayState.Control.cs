using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>A control message of a registration session (docs/protocol.md, rule 20). Answers are written over it and go to the proven address.</summary>
    private bool TakeControlMessage(AgentSlot slot, Span<byte> room, int length, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        var payload = room.Slice(HeadLength, length);
        if (slot.Row.Stock || !SessionMessage.TryParse(payload, SessionScope.Registration, out var message))
            return Drop(RelayDropReason.Control);
        if (SessionPing.TryParse(message, out var ping))
            return ping.IsPong ? TakePong(slot, ping, source, now) : AnswerPing(slot, ping, room, length, now, out forward);
        if (SessionHello.TryParse(message, out var hello))
        {
            Greet(slot, hello, now);
            return false;
        }

        if (SessionCounterpart.TryParse(message, out var counterpart))
            return TakeCounterpart(slot, counterpart);
        if (SessionIntroduce.TryParse(message, out var wish))
            return Introduce(slot, wish, now);
        switch (message.Type)
        {
            case SessionMessageType.Draining:
                slot.SaidDraining = true;
                return false;
            case SessionMessageType.Goodbye:
                slot.IsSilent = true;
                Raise(RelayEventKind.Left, slot, CutFlowsOf(slot, tcpOnly: false, now));
                return false;
            default:
                return Drop(RelayDropReason.Control);
        }
    }

    private bool TakePong(AgentSlot slot, SessionPing pong, in IpEndpoint source, long now)
    {
        if (slot.Candidate.Nonce != 0 && slot.Candidate.Nonce == pong.Nonce && slot.Candidate.Address == source)
            Confirm(slot, source, now);
        return false;
    }

    private bool AnswerPing(AgentSlot slot, SessionPing ping, Span<byte> room, int length, long now, out RelayForward forward)
    {
        ping.ToPong().Write(room.Slice(HeadLength, length));
        return Forward(slot, room, length, now, out forward);
    }

    /// <summary>Another boot nonce means another process: it knows nothing of the sessions and flows of the one before.</summary>
    private void Greet(AgentSlot slot, SessionHello hello, long now)
    {
        bool restarted = slot.BootNonce != 0 && slot.BootNonce != hello.BootNonce;
        slot.SaidDraining = hello.Draining;
        slot.Candidates = hello.Candidates;
        if (slot.BootNonce != hello.BootNonce)
        {
            slot.BootNonce = hello.BootNonce;
            Record(slot);
        }

        if (restarted && slot.IsConnector)
        {
            Restarted(slot, now);
            Raise(RelayEventKind.ConnectorRestarted, slot, CutFlowsOf(slot, tcpOnly: true, now));
        }

        SendHelloAck(slot, now);
    }
}
