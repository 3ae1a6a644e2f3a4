using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>Least time between two challenges of one agent's candidates.</summary>
    private const long ChallengeInterval = 250_000;

    /// <summary>WireGuard's handshake initiation, in bytes.</summary>
    private const int InitiationLength = 148;

    /// <summary>Notes an authentic, fresh datagram of an agent: it lives, and it may have moved.</summary>
    private void Heard(AgentSlot slot, in ReceiveResult result, in IpEndpoint source, int length, long now)
    {
        slot.UnansweredSince = 0;
        if (slot.IsSilent)
        {
            slot.IsSilent = false;
            Raise(RelayEventKind.ConnectorBack, slot);
        }

        if (slot.Address == source)
        {
            // A response went to the proven address: first data from a candidate would prove nothing any more.
            if (result.MessageType == MessageType.HandshakeInitiation)
                slot.Candidate.WasAnswered = false;
        }
        else
        {
            HeardFromElsewhere(slot, result, source, length, now);
        }

        if (result.MessageType == MessageType.HandshakeInitiation)
            Record(slot);
    }

    private void HeardFromElsewhere(AgentSlot slot, in ReceiveResult result, in IpEndpoint source, int length, long now)
    {
        ref var candidate = ref slot.Candidate;
        if (candidate.Address != source)
            SetCandidate(slot, new Candidate { Address = source, ChallengedAt = candidate.ChallengedAt });
        candidate.Credit += length - _arrival.SentBack;
        NoteSession(slot, result);
        switch (result.MessageType)
        {
            case MessageType.HandshakeInitiation:
                candidate.WasAnswered = true;
                break;
            case MessageType.HandshakeResponse when candidate.WasInitiatedTo:
            case MessageType.TransportData when result.Confirmed && candidate.WasAnswered:
                Confirm(slot, source, now);
                break;
            case MessageType.TransportData:
                Challenge(slot, now);
                break;
        }
    }

    private static void NoteSession(AgentSlot slot, in ReceiveResult result)
    {
        if (result.MessageType != MessageType.TransportData || result.Confirmed)
            return;
        slot.Candidate.IsOfOlderSession = result.IsOlderSession;
        if (!result.IsOlderSession)
            slot.Contest.Clear();
    }

    /// <summary>Asks the agent to answer from its candidate: our agents by a ping, stock ones by a handshake, both paid for by what came from there.</summary>
    private void Challenge(AgentSlot slot, long now)
    {
        ref var candidate = ref slot.Candidate;
        if (candidate.Address is not { } address || now - candidate.ChallengedAt < ChallengeInterval)
            return;
        if (slot.Row.Stock)
        {
            if (candidate.Credit < InitiationLength)
                return;
            candidate.ChallengedAt = now;
            candidate.WasInitiatedTo = true;
            _device.InitiateHandshake(slot.Peer, address, now);
            return;
        }

        if (candidate.Credit < SealedLength(SessionPing.Length) || !slot.Peer.HasSession(now))
            return;
        candidate.ChallengedAt = now;
        candidate.Nonce = NewNonce();
        new SessionPing(SessionMessageType.Ping, candidate.Nonce).Write(_scratch.AsSpan(HeadLength, SessionPing.Length));
        var result = _device.Seal(slot.Peer, _scratch, SessionPing.Length, now);
        if (result.Kind != SealKind.Sealed)
            return;
        candidate.Credit -= result.Length;
        _options.Output.Send(address, _scratch.AsSpan(0, result.Length), slot.Peer);
    }

    /// <summary>An address belongs to the agent that last confirmed it; whoever had it before has none until it is heard again.</summary>
    private void Confirm(AgentSlot slot, in IpEndpoint address, long now)
    {
        bool moved = slot.Address.HasValue;
        if (slot.Address is { } before && slot.Candidate.IsOfOlderSession && slot.Candidate.Address == address && slot.Contest.Note(before, address, now))
            Raise(RelayEventKind.Contested, slot);
        if (SlotAt(Forwarding.SetAddress(slot.Index, address)) is { } other)
        {
            Raise(RelayEventKind.AddressTaken, other);
            other.Address = null;
            other.Peer.Endpoint = null;
            Record(other);
        }

        slot.Address = address;
        slot.Peer.Endpoint = address;
        SetCandidate(slot, default);
        Record(slot);
        Raise(moved ? RelayEventKind.Moved : RelayEventKind.Registered, slot);
        if (moved && slot.BootNonce != 0 && slot.Peer.HasSession(now))
            SendHelloAck(slot, now);
    }

    /// <summary>Zero stands for none.</summary>
    private ulong NewNonce() => _options.RandomSource.NextUInt64() | 1;
}
