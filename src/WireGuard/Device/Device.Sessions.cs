namespace Keyhole.WireGuard;

/// <remarks>
/// Sessions of a peer (paper section 6.3):
/// <code>
/// response received:        pending → current;  current → previous
/// initiation answered:      new → next;         the next before it is forgotten
/// first message under next: next → current;     current → previous
/// </code>
/// Unlike the kernel, which drops the previous session when it answers and the current one when its own handshake completes before an answered one,
/// a session is kept until two newer ones were used: crossed handshakes then lose no packet.
/// </remarks>
public sealed partial class Device
{
    /// <summary>The peer proved that it holds the keys to which we responded.</summary>
    private void Confirm(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        Forget(ref peer.Previous);
        peer.Previous = peer.Current;
        peer.Next = null;
        peer.Current = keypair;
        Established(keypair, now);
    }

    /// <summary>The response to our initiation gave us keys that the peer holds already.</summary>
    private void BecomeCurrent(Keypair keypair, long now)
    {
        var peer = keypair.Peer;
        Forget(ref peer.Previous);
        peer.Previous = peer.Current;
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
