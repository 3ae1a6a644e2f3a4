namespace Keyhole.WireGuard;

/// <remarks>
/// Sessions of a peer (paper section 6.3):
/// <code>
/// response received:        pending → current;  current → previous
/// initiation answered:      new → next;         the next before it is forgotten
/// first message under next: next → current;     current → previous
///   after a newer response: next → previous;    current stays
/// </code>
/// The last line keeps crossed handshakes from ending with both sides as responders of the session that they use, which neither would renew: a side that
/// uses the session it answered has answered it after its own was complete, and that cannot be so on both.
/// Previous serves only to open what is still on its way: of the two sessions that could be previous it is the one that the peer was heard on last. So
/// crossed handshakes, after which each side sends under its own session, lose no packet, then or when they are renewed.
/// </remarks>
public sealed partial class Device
{
    /// <summary>The peer proved that it holds the keys to which we responded.</summary>
    private void Confirm(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        peer.Next = null;
        if (peer.Current is { IsInitiator: true } own && own.CreatedAt >= keypair.CreatedAt)
        {
            Forget(ref peer.Previous);
            peer.Previous = keypair;
            Established(own, now);
            return;
        }

        BecomeCurrent(keypair, now);
    }

    /// <summary>Both sides hold the keys, and we send under them from now on.</summary>
    private void BecomeCurrent(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        if (peer.Previous is { } previous && peer.Current is { } current && previous.LastOpenedAt > current.LastOpenedAt)
        {
            Forget(ref peer.Current);
        }
        else
        {
            Forget(ref peer.Previous);
            peer.Previous = peer.Current;
        }

        peer.Current = keypair;
        Established(keypair, now);
    }

    private void Established(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        peer.HandshakeDestination = null;
        peer.LastHandshakeAt = now;
        _timers.HandshakeComplete(peer, keypair.CreatedAt);
        // Staged packets leave at the next tick, when the owner had the chance to set the endpoint.
        if (peer.StagedCount > 0)
            _timers.Set(peer, ref peer.Timers.SendStagedAt, now);
        Raise(DeviceEventKind.SessionEstablished, peer, now);
    }

    private void ZeroKeys(Peer peer)
    {
        ForgetPending(peer);
        Forget(ref peer.Next);
        Forget(ref peer.Current);
        Forget(ref peer.Previous);
    }

    private void ForgetPending(Peer peer)
    {
        if (peer.Pending is not { } pending)
            return;
        peer.Pending = null;
        _indices.Remove(pending);
        pending.Dispose();
    }

    private void Forget(ref Keypair? slot)
    {
        if (slot is not { } keypair)
            return;
        slot = null;
        _indices.Remove(keypair);
        keypair.Dispose();
    }
}
