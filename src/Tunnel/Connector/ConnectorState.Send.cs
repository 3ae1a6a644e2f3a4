using Keyhole.Contracts;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>What leaves: control messages, and packets of the caller's flows, written where they are sealed and sent from.</remarks>
public sealed partial class ConnectorState
{
    /// <summary>False while the client has no relay session, so that its flows wait.</summary>
    public bool CanSend(int peer) => _byClient.TryGetValue(peer, out var path) && path.Relay is { } relay && relay.Peer.HasSession(_now);

    /// <summary>Room for a packet to a client, in the datagram that carries it; empty while it has no relay session.</summary>
    public Span<byte> Rent(int peer, int length)
    {
        if (CanSend(peer))
            return _slots.Reserve(RoomFor(length)).Slice(TransportMessage.PacketOffset, length);
        Drop(ConnectorDropReason.NoSession);
        return default;
    }

    /// <summary>Seals what was written and sends it through the relay that the client was heard through last.</summary>
    public void Commit(int peer, int length)
    {
        var relay = _byClient[peer].Relay!;
        if (!Send(relay, _slots.Reserved, length, _now))
            return;
        PacketsSent++;
        relay.DataMoved(_now);
    }

    void IRegistrationOutput.SendHello(Registration registration, long now)
    {
        var slot = _slots.Reserve(RoomFor(SessionHello.Length));
        new SessionHello(_bootNonce, IsDraining).Write(slot.Slice(TransportMessage.PacketOffset, SessionHello.Length));
        Send(registration, slot, SessionHello.Length, now);
    }

    void IRegistrationOutput.SendPing(Registration registration, ulong nonce, int length, long now)
    {
        var slot = _slots.Reserve(RoomFor(length));
        new SessionPing(SessionMessageType.Ping, nonce).Write(slot.Slice(TransportMessage.PacketOffset, length));
        Send(registration, slot, length, now);
    }

    private void SendPong(Registration registration, in SessionPing ping, int length, long now)
    {
        var slot = _slots.Reserve(RoomFor(length));
        ping.ToPong().Write(slot.Slice(TransportMessage.PacketOffset, length));
        Send(registration, slot, length, now);
    }

    private void SendControl(Registration registration, SessionMessageType type, long now)
    {
        int length = SessionMessage.MinimumLength(type);
        var slot = _slots.Reserve(RoomFor(length));
        SessionMessage.Write(type, slot.Slice(TransportMessage.PacketOffset, length));
        Send(registration, slot, length, now);
    }

    /// <summary>Seals in place and sends; nothing is staged, since everything here is worth nothing later.</summary>
    private bool Send(Registration registration, Span<byte> slot, int length, long now)
    {
        if (!registration.Peer.HasSession(now) || registration.Peer.Endpoint is not { } endpoint)
            return Drop(ConnectorDropReason.NoSession);
        var result = _device.Seal(registration.Peer, slot, length, now);
        if (result.Kind != SealKind.Sealed)
            return Drop(ConnectorDropReason.NoSession);
        _slots.Commit(endpoint, result.Length);
        return true;
    }

    private static int RoomFor(int length) => ((length + TransportMessage.PaddingMultiple - 1) & -TransportMessage.PaddingMultiple) + TransportMessage.Overhead;
}
