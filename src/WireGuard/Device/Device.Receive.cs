using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

public sealed partial class Device
{
    /// <summary>
    /// Deals with one datagram, opening it in place. Any bytes are allowed; what is not for us is dropped and counted, and nothing is ever answered with
    /// more bytes than it brought.
    /// </summary>
    /// <param name="source">Where the datagram came from: handshakes and cookies are answered there, and mac2 is bound to it.</param>
    public ReceiveResult Receive(Span<byte> datagram, in IpEndpoint source, long now)
    {
        var type = Message.TypeOf(datagram);
        return type switch
        {
            MessageType.TransportData => ReceiveTransport(datagram, now),
            MessageType.HandshakeInitiation => ReceiveInitiation(datagram, source, now),
            MessageType.HandshakeResponse => ReceiveResponse(datagram, source, now),
            MessageType.CookieReply => ReceiveCookieReply(datagram, now),
            _ => Drop(DropReason.Malformed, type),
        };
    }

    private ReceiveResult ReceiveTransport(Span<byte> datagram, long now)
    {
        if (_indices.Find(TransportMessage.ReceiverIndex(datagram)) is not Keypair keypair)
            return Drop(DropReason.UnknownIndex, MessageType.TransportData);
        ulong counter = TransportMessage.Counter(datagram);
        var reason = CheckBeforeOpening(keypair, counter, now);
        if (reason != DropReason.None)
            return Drop(reason, MessageType.TransportData);
        if (!keypair.ReceiveKey.Open(counter, datagram[TransportMessage.PacketOffset..]))
            return Drop(DropReason.Unauthentic, MessageType.TransportData);
        return Opened(keypair, datagram, counter, now);
    }

    private static DropReason CheckBeforeOpening(Keypair keypair, ulong counter, long now) =>
        counter >= keypair.Peer.Schedule.RejectAfterMessages ? DropReason.CounterExhausted
        : keypair.IsExpired(now) ? DropReason.SessionExpired
        : DropReason.None;

    /// <summary>What follows the opening of an authentic transport message.</summary>
    private ReceiveResult Opened(Keypair keypair, ReadOnlySpan<byte> datagram, ulong counter, long now)
    {
        if (!keypair.Window.TryAccept(counter))
            return Drop(DropReason.CounterReplayed, MessageType.TransportData);

        keypair.LastOpenedAt = now;
        var peer = keypair.Peer;
        bool confirmed = ReferenceEquals(keypair, peer.Next);
        if (confirmed)
            Confirm(keypair, now);
        peer.LastReceivedAt = now;
        peer.ReceivedBytes += datagram.Length;
        SessionTimers.AnyAuthenticatedPacketReceived(peer);
        _timers.AnyAuthenticatedPacketTraversal(peer, now);
        KeepKeyFreshWhenReceiving(keypair, now);

        var packet = datagram[TransportMessage.PacketOffset..^TransportMessage.TagLength];
        var result = new ReceiveResult
        {
            Kind = ReceiveKind.Keepalive,
            MessageType = MessageType.TransportData,
            NewSession = confirmed,
            Confirmed = confirmed,
            IsOlderSession = ReferenceEquals(keypair, peer.Previous) && peer.Current is { LastOpenedAt: > long.MinValue } current && current.CreatedAt >= keypair.CreatedAt,
            Peer = peer,
            Offset = TransportMessage.PacketOffset,
            Counter = counter,
        };
        if (packet.IsEmpty)
            return result;
        _timers.DataReceived(peer, now);
        var reason = CheckInner(packet, peer, out int length);
        if (reason == DropReason.None)
            return result with { Kind = ReceiveKind.Packet, Length = length };
        _drops[(int)reason]++;
        return result with { Kind = ReceiveKind.Dropped, DropReason = reason };
    }

    private void KeepKeyFreshWhenReceiving(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        if (keypair.IsInitiator
            && !peer.Timers.SentLastMinuteHandshake
            && ReferenceEquals(keypair, peer.Current)
            && now - keypair.CreatedAt >= peer.Schedule.RekeyOnReceiveAfterTime)
        {
            peer.Timers.SentLastMinuteHandshake = true;
            StartHandshake(peer, now);
        }
    }

    /// <summary>Cuts padding off an IP packet and holds its source against the peer's allowed IPs; what is no IP packet passes whole.</summary>
    private DropReason CheckInner(ReadOnlySpan<byte> packet, Peer peer, out int length)
    {
        length = packet.Length;
        IpAddress source;
        switch (packet[0] >> 4)
        {
            case 4:
                if (packet.Length < Ipv4Header.MinimumLength)
                    return DropReason.InnerMalformed;
                length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
                if (length < Ipv4Header.MinimumLength || length > packet.Length)
                    return DropReason.InnerMalformed;
                source = IpAddress.FromBytes(packet.Slice(12, 4));
                break;
            case 6:
                if (packet.Length < Ipv6Header.Length)
                    return DropReason.InnerMalformed;
                length = Ipv6Header.Length + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
                if (length > packet.Length)
                    return DropReason.InnerMalformed;
                source = IpAddress.FromBytes(packet.Slice(8, 16));
                // An IPv4-mapped source would be looked up as the IPv4 address that it names.
                if (source.IsIpv4)
                    return DropReason.SourceNotAllowed;
                break;
            default:
                return DropReason.None;
        }

        return peer.AcceptAnySource || ReferenceEquals(_allowedIps.Find(source), peer) ? DropReason.None : DropReason.SourceNotAllowed;
    }
}
