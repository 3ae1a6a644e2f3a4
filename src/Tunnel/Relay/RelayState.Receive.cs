using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>
    /// Deals with one datagram in the first <paramref name="length"/> bytes of <paramref name="room"/>; what follows them may be overwritten. True when
    /// the room now holds a datagram that the caller sends to <see cref="RelayForward.Destination"/>. Any bytes are allowed.
    /// </summary>
    public bool Receive(Span<byte> room, int length, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        if (source.Port == 0 || !source.Address.IsUnicast || source.Address == IpAddress.Ipv4Any || source.Address == IpAddress.Ipv6Any)
            return Drop(RelayDropReason.SourceAddress);
        if (TakeBlind(room[..length], source, now, out forward))
            return forward.Length > 0;
        _arrival = new Arrival { Source = source, Length = length };
        var result = _device.Receive(room[..length], source, now);
        bool forwarded = result.Peer is { State: AgentSlot slot } && Received(slot, result, room, length, source, now, out forward);
        _arrival = default;
        return forwarded;
    }

    private bool Received(AgentSlot slot, in ReceiveResult result, Span<byte> room, int length, in IpEndpoint source, long now, out RelayForward forward)
    {
        forward = default;
        Heard(slot, result, source, length, now);
        if (result.Kind != ReceiveKind.Packet)
            return false;
        if (room[result.Offset] >> 4 is not (4 or 6))
            return TakeControlMessage(slot, room, result.Length, source, now, out forward);
        if (!IpView.TryParse(room.Slice(result.Offset, result.Length), out var ip))
            return Drop(RelayDropReason.Malformed);
        if (slot.IsGatewayClient)
            return FromClient(slot, room, ip, now, out forward);
        if (slot.IsSealedClient)
            return FromSealedClient(slot, ip, now);
        return slot.IsConnector ? FromConnector(slot, room, ip, now, out forward) : Drop(RelayDropReason.NotGatewayMode);
    }

    /// <summary>Seals the packet that stands at byte 16 of the room for its receiver, in place where its padding has room.</summary>
    private bool Forward(AgentSlot receiver, Span<byte> room, int packetLength, long now, out RelayForward forward)
    {
        forward = default;
        if (_routing >= 0)
            return AddRouted(receiver, packetLength, room.Length);
        if (receiver.Address is not { } address)
            return Drop(RelayDropReason.NoAddress);
        if (SealedLength(packetLength) > room.Length)
        {
            ForwardCopy(receiver, room.Slice(HeadLength, packetLength), now);
            return false;
        }

        var result = _device.Seal(receiver.Peer, room, packetLength, now);
        if (result.Kind != SealKind.Sealed)
            return result.Kind == SealKind.Dropped && Drop(RelayDropReason.NotSealed);
        forward = new RelayForward(address, result.Length);
        CountForwarded(result.Length);
        return true;
    }

    /// <summary>Seals a copy and sends it, behind what the caller sends on already.</summary>
    private void ForwardCopy(AgentSlot receiver, ReadOnlySpan<byte> packet, long now)
    {
        packet.CopyTo(_scratch.AsSpan(HeadLength));
        if (SendScratch(receiver, packet.Length, now))
            CountForwarded(SealedLength(packet.Length));
    }

    private void CountForwarded(int length)
    {
        ForwardedCount++;
        ForwardedBytes += length;
    }

    /// <summary>Seals what stands at byte 16 of the scratch and sends it to the agent's proven address.</summary>
    private bool SendScratch(AgentSlot receiver, int packetLength, long now)
    {
        if (receiver.Address is not { } address)
            return Drop(RelayDropReason.NoAddress);
        var result = _device.Seal(receiver.Peer, _scratch, packetLength, now);
        if (result.Kind == SealKind.Dropped)
            return Drop(RelayDropReason.NotSealed);
        if (result.Kind == SealKind.Sealed)
            _options.Output.Send(address, _scratch.AsSpan(0, result.Length), receiver.Peer);
        return true;
    }

    private static int SealedLength(int packetLength) => HeadLength + ((packetLength + 15) & ~15) + TagLength;
}
