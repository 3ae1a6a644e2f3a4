using System.Runtime.InteropServices;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>
/// The timers of the paper's section 6 as eight verbs: each says what just happened to a peer and moves its deadlines. What a deadline
/// leads to is the device's matter.
/// </summary>
internal sealed class SessionTimers(RandomSource random)
{
    private readonly TimerHeap _heap = new();

    // A timer is armed anew whenever a flow turns round: one call of the generator per turn would show in the profile.
    private readonly uint[] _random = new uint[64];
    private int _randomUsed = 64;

    /// <summary>When <see cref="TakeDue"/> may find something; a lower bound, since deadlines that moved away are found out late.</summary>
    public long Earliest => _heap.Earliest;

    /// <summary>Peers that have a deadline.</summary>
    public int Count => _heap.Count;

    public DeadlineReason EarliestReason => _heap.First is { } peer ? peer.Timers.EarliestReason : DeadlineReason.None;

    /// <summary>A packet (not a keepalive) was sealed.</summary>
    public void DataSent(Peer peer, long now)
    {
        if (peer.Timers.NewHandshakeAt == long.MaxValue)
            Set(peer, ref peer.Timers.NewHandshakeAt, Later(now, peer.Schedule.UnansweredTimeout + Jitter(peer.Schedule)));
    }

    /// <summary>A packet (not a keepalive) was opened.</summary>
    public void DataReceived(Peer peer, long now)
    {
        if (peer.Timers.SendKeepaliveAt == long.MaxValue)
            Set(peer, ref peer.Timers.SendKeepaliveAt, Later(now, peer.Schedule.KeepaliveTimeout));
        else
            peer.Timers.NeedAnotherKeepalive = true;
    }

    /// <summary>Any message that only we can make was sent: handshake, keepalive or data.</summary>
    public static void AnyAuthenticatedPacketSent(Peer peer) => peer.Timers.SendKeepaliveAt = long.MaxValue;

    /// <summary>Any authentic message came in: handshake, keepalive or data.</summary>
    public static void AnyAuthenticatedPacketReceived(Peer peer) => peer.Timers.NewHandshakeAt = long.MaxValue;

    /// <summary>Either of the two: the persistent keepalive starts over.</summary>
    public void AnyAuthenticatedPacketTraversal(Peer peer, long now)
    {
        if (peer.PersistentKeepalive > 0)
            Set(peer, ref peer.Timers.PersistentKeepaliveAt, Later(now, peer.PersistentKeepalive));
    }

    /// <summary>An initiation was sent; it is repeated unless a session comes of it.</summary>
    public void HandshakeInitiated(Peer peer, long now)
    {
        long timeout = Math.Max(peer.Schedule.RetryTimeout(peer.Timers.HandshakeAttempts), 2 * peer.HandshakeRoundTrip);
        Set(peer, ref peer.Timers.RetransmitHandshakeAt, Later(now, timeout + Jitter(peer.Schedule)));
    }

    /// <summary>Both sides hold the keys of a session.</summary>
    public void HandshakeComplete(Peer peer, long sessionCreatedAt)
    {
        peer.Timers.RetransmitHandshakeAt = long.MaxValue;
        peer.Timers.HandshakeAttempts = 0;
        peer.Timers.SentLastMinuteHandshake = false;
        Set(peer, ref peer.Timers.ExpireSessionAt, Later(sessionCreatedAt, peer.Schedule.RejectAfterTime));
    }

    /// <summary>Keys were derived, confirmed or not.</summary>
    public void SessionDerived(Peer peer, long now) => Set(peer, ref peer.Timers.ZeroKeyMaterialAt, Later(now, peer.Schedule.ZeroKeysAfterTime));

    /// <summary>Sets one deadline of a peer, and sees to it that the peer comes up in time.</summary>
    public void Set(Peer peer, ref long deadline, long at)
    {
        deadline = at;
        _heap.Schedule(peer, at);
    }

    /// <summary>Takes out a peer of which a deadline may have passed. <see cref="PutBack"/> follows.</summary>
    public Peer? TakeDue(long now)
    {
        if (_heap.Earliest > now)
            return null;
        var peer = _heap.First!;
        _heap.Remove(peer);
        return peer;
    }

    public void PutBack(Peer peer)
    {
        long earliest = peer.Timers.Earliest;
        if (earliest != long.MaxValue)
            _heap.Schedule(peer, earliest);
    }

    public void Remove(Peer peer) => _heap.Remove(peer);

    /// <summary>A deadline that is never mistaken for none.</summary>
    public static long Later(long now, long duration) => now > long.MaxValue - 1 - duration ? long.MaxValue - 1 : now + duration;

    private long Jitter(TimerSchedule schedule)
    {
        if (schedule.RetryJitter == 0)
            return 0;
        if (_randomUsed == _random.Length)
        {
            random.Fill(MemoryMarshal.AsBytes(_random.AsSpan()));
            _randomUsed = 0;
        }

        return _random[_randomUsed++] % schedule.RetryJitter;
    }
}
