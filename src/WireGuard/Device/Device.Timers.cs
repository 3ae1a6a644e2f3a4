namespace Keyhole.WireGuard;

public sealed partial class Device
{
    /// <summary>Does what is due: retries, keepalives, staged packets, expiry. Costs nothing for peers of which nothing is due.</summary>
    public void Tick(long now)
    {
        for (int budget = _timers.Count; budget > 0 && _timers.TakeDue(now) is { } peer; budget--)
        {
            if (peer.Timers.SendStagedAt <= now)
                SendStaged(peer, now);
            if (peer.Timers.ExpireSessionAt <= now)
                ExpireSession(peer, now);
            if (peer.Timers.ZeroKeyMaterialAt <= now)
                ZeroKeyMaterial(peer, now);
            if (peer.Timers.RetransmitHandshakeAt <= now)
                RetransmitHandshake(peer, now);
            if (peer.Timers.SendKeepaliveAt <= now)
                SendPassiveKeepalive(peer, now);
            if (peer.Timers.NewHandshakeAt <= now)
                RenewUnansweredSession(peer, now);
            if (peer.Timers.PersistentKeepaliveAt <= now)
                SendPersistentKeepalive(peer, now);
            _timers.PutBack(peer);
        }
    }

    private void ExpireSession(Peer peer, long now)
    {
        peer.Timers.ExpireSessionAt = long.MaxValue;
        Raise(DeviceEventKind.SessionExpired, peer, now);
    }

    private void ZeroKeyMaterial(Peer peer, long now)
    {
        peer.Timers.ZeroKeyMaterialAt = long.MaxValue;
        ZeroKeys(peer);
        Raise(DeviceEventKind.KeysZeroed, peer, now);
    }

    private void RetransmitHandshake(Peer peer, long now)
    {
        if (now - peer.Timers.FirstInitiationAt >= peer.Schedule.RekeyAttemptTime)
        {
            GiveUp(peer, now);
            return;
        }

        peer.Timers.HandshakeAttempts++;
        if (HandshakeDestination(peer) is { } destination)
            SendInitiation(peer, destination, now);
        else
            GiveUp(peer, now);
    }

    private void GiveUp(Peer peer, long now)
    {
        peer.Timers.RetransmitHandshakeAt = long.MaxValue;
        peer.Timers.SendKeepaliveAt = long.MaxValue;
        peer.HandshakeDestination = null;
        ForgetPending(peer);
        DropStaged(peer, DropReason.HandshakeGaveUp);
        Raise(DeviceEventKind.HandshakeGaveUp, peer, now);
    }

    private void SendPassiveKeepalive(Peer peer, long now)
    {
        peer.Timers.SendKeepaliveAt = long.MaxValue;
        Keepalive(peer, now);
        if (!peer.Timers.NeedAnotherKeepalive)
            return;
        peer.Timers.NeedAnotherKeepalive = false;
        peer.Timers.SendKeepaliveAt = SessionTimers.Later(now, peer.Schedule.KeepaliveTimeout);
    }

    private void RenewUnansweredSession(Peer peer, long now)
    {
        peer.Timers.NewHandshakeAt = long.MaxValue;
        StartHandshake(peer, now);
    }

    private void SendPersistentKeepalive(Peer peer, long now)
    {
        peer.Timers.PersistentKeepaliveAt = SessionTimers.Later(now, peer.PersistentKeepalive);
        Keepalive(peer, now);
    }

    /// <summary>A keepalive under the current session, or a handshake (which ends in one) without.</summary>
    private void Keepalive(Peer peer, long now)
    {
        if (!peer.HasSession(now))
            StartHandshake(peer, now);
        else if (peer.Endpoint is { } endpoint)
            SendKeepalive(peer, endpoint, now);
    }
}
