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
        if (_byClient.TryGetValue(peer, out var path) && path.Relay is { } relay && relay.Peer.HasSession(_now))
        {
            PacketsSent += _written.Rent(relay, length, _now, out var packet);
            return packet;
        }

        Drop(ConnectorDropReason.NoSession);
        return default;
    }

    /// <summary>The packet leaves through the relay that the client was heard through last, with the next <see cref="Flush"/> at the latest.</summary>
    public void Commit(int peer, int length) => _written.Commit(length);

    /// <summary>Seals what was committed and hands it to <see cref="IDatagramSlots"/>; at the end of every turn, before the slots are sent.</summary>
    public void Flush(long now)
    {
        int count = _written.Count;
        if (count == 0)
            return;
        int isSealed = _written.Seal(now);
        PacketsSent += isSealed;
        _drops[(int)ConnectorDropReason.NoSession] += count - isSealed;
    }

    void IRegistrationOutput.SendHello(Registration registration, long now)
    {
        var slot = Reserve(SessionHello.Length, now);
        new SessionHello(_bootNonce, IsDraining).Write(slot.Slice(TransportMessage.PacketOffset, SessionHello.Length));
        Send(registration, slot, SessionHello.Length, now);
    }

    void IRegistrationOutput.SendPing(Registration registration, ulong nonce, int length, long now)
    {
        var slot = Reserve(length, now);
        new SessionPing(SessionMessageType.Ping, nonce).Write(slot.Slice(TransportMessage.PacketOffset, length));
        Send(registration, slot, length, now);
    }

    private void SendPong(Registration registration, in SessionPing ping, int length, long now)
    {
        var slot = Reserve(length, now);
        ping.ToPong().Write(slot.Slice(TransportMessage.PacketOffset, length));
        Send(registration, slot, length, now);
    }

    private void SendControl(Registration registration, SessionMessageType type, long now)
    {
        int length = SessionMessage.MinimumLength(type);
        var slot = Reserve(length, now);
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
        _slots.Commit(endpoint, 0, result.Length);
        return true;
    }

    /// <summary>Room for one control message, behind what was written before it.</summary>
    private Span<byte> Reserve(int length, long now)
    {
        Flush(now);
        return _slots.Reserve(SealBatch.RoomFor(length));
    }
}
