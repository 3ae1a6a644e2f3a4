using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

public sealed partial class Device
{
    /// <summary>
    /// Sends an initiation to <paramref name="to"/> at once, and repeats it there by the peer's schedule until a session comes of it or the peer is given
    /// up. Within <see cref="TimerSchedule.InitiationInterval"/> of the last one it waits, since the peer would refuse it.
    /// </summary>
    public void InitiateHandshake(Peer peer, in IpEndpoint to, long now)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (peer.Device != this || peer.IsRemoved)
            ThrowForeignPeer();
        peer.HandshakeDestination = to;
        BeginRound(peer, now);
        long earliest = peer.LastInitiationSentAt + peer.Schedule.InitiationInterval;
        if (now < earliest)
            _timers.Set(peer, ref peer.Timers.RetransmitHandshakeAt, earliest);
        else
            SendInitiation(peer, to, now);
    }

    /// <summary>
    /// Sees to it that a handshake is under way; false when the peer has no endpoint or is only to be answered. Waits while the last initiation, or a session that the peer
    /// has yet to confirm, is younger than the first retry timeout.
    /// </summary>
    private bool StartHandshake(Peer peer, long now)
    {
        if (peer.Timers.HandshakeInProgress)
            return true;
        if (peer.IsResponderOnly || HandshakeDestination(peer) is not { } destination)
            return false;
        BeginRound(peer, now);
        long last = Math.Max(peer.LastInitiationSentAt, peer.Next?.CreatedAt ?? long.MinValue / 2);
        long earliest = last + peer.Schedule.RetryTimeout(0);
        if (now < earliest)
            _timers.Set(peer, ref peer.Timers.RetransmitHandshakeAt, earliest);
        else
            SendInitiation(peer, destination, now);
        return true;
    }

    private static IpEndpoint? HandshakeDestination(Peer peer) => peer.HandshakeDestination ?? peer.HandshakeEndpoint ?? peer.Endpoint;

    private static void BeginRound(Peer peer, long now)
    {
        peer.Timers.HandshakeAttempts = 0;
        peer.Timers.FirstInitiationAt = now;
    }

    private void SendInitiation(Peer peer, in IpEndpoint destination, long now)
    {
        ForgetPending(peer);
        peer.LastInitiationSentAt = now;
        _timers.HandshakeInitiated(peer, now);
        if (!TryGetStaticShared(peer, out var staticShared))
        {
            _drops[(int)DropReason.LowOrderKey]++;
            return;
        }

        var pending = new PendingInitiation(peer, PrivateKey.Generate(_random), destination, now);
        if (!_indices.TryAssign(pending))
        {
            pending.Dispose();
            _drops[(int)DropReason.NoIndex]++;
            return;
        }

        peer.Pending = pending;
        Span<byte> message = stackalloc byte[InitiationMessage.Length];
        if (!Initiation.TryWrite(_privateKey, peer.PublicKey, staticShared, pending.Ephemeral, NextTimestamp(peer, now), pending.Index, pending.Noise, message))
        {
            _drops[(int)DropReason.LowOrderKey]++;
            ForgetPending(peer);
            return;
        }

        pending.CarriedCookie = peer.CookieMaker.WriteMacs(peer.Mac1Key, message, now);
        SendHandshake(peer, destination, message, now);
    }

    /// <summary>Labels of one peer only ever grow, also when two initiations leave within the granularity of a label.</summary>
    private Tai64n NextTimestamp(Peer peer, long now)
    {
        var timestamp = _options.TimestampAtZero.Add(now).Whitened();
        if (timestamp <= peer.LastSentTimestamp)
            timestamp = peer.LastSentTimestamp.NextWhitened();
        peer.LastSentTimestamp = timestamp;
        return timestamp;
    }

    private void SendHandshake(Peer peer, in IpEndpoint destination, ReadOnlySpan<byte> message, long now)
    {
        SessionTimers.AnyAuthenticatedPacketSent(peer);
        _timers.AnyAuthenticatedPacketTraversal(peer, now);
        peer.SentBytes += message.Length;
        _output.Send(destination, message, peer);
    }

    private ReceiveResult ReceiveInitiation(ReadOnlySpan<byte> message, in IpEndpoint source, long now)
    {
        var reason = Admit(message, source, now);
        if (reason != DropReason.None)
            return Drop(reason, MessageType.HandshakeInitiation);
        Span<byte> secrets = stackalloc byte[SymmetricState.Length];
        var noise = new SymmetricState(secrets);
        reason = Consume(message, noise, now, out var peer, out var ephemeral);
        if (reason == DropReason.None)
            reason = Respond(peer!, ephemeral, message, source, noise, now);
        Zero.Fill(secrets);
        return reason == DropReason.None
            ? new ReceiveResult { Kind = ReceiveKind.Handshake, MessageType = MessageType.HandshakeInitiation, Peer = peer }
            : Drop(reason, MessageType.HandshakeInitiation);
    }

    /// <summary>mac1 and, under load, mac2 and the source's share: all that can be checked for the price of a hash.</summary>
    private DropReason Admit(ReadOnlySpan<byte> message, in IpEndpoint source, long now)
    {
        if (!_cookieChecker.CheckMac1(message))
            return DropReason.Mac1;
        bool isUnderLoad = _load.Count(now) || IsUnderLoad;
        if (!isUnderLoad || _loadPolicy.IsExempt?.Invoke(source) == true)
            return DropReason.None;
        if (_cookieChecker.CheckMac2(message, source, now))
            return _shares.TryTake(source.Address, now) ? DropReason.None : DropReason.RateLimited;
        Span<byte> reply = stackalloc byte[CookieReplyMessage.Length];
        _cookieChecker.WriteReply(message, source, reply, now);
        _output.Send(source, reply, null);
        return DropReason.CookieRequired;
    }

    private DropReason Consume(ReadOnlySpan<byte> message, SymmetricState noise, long now, out Peer? peer, out PublicKey ephemeral)
    {
        peer = null;
        var reason = Initiation.ReadStatic(_privateKey, message, noise, out ephemeral, out var initiator);
        if (reason != DropReason.None)
            return reason;
        if (!_peers.TryGetValue(initiator, out peer))
            return DropReason.UnknownPeer;
        if (!TryGetStaticShared(peer, out var staticShared))
            return DropReason.LowOrderKey;
        if (!Initiation.TryReadTimestamp(message, staticShared, noise, out var timestamp))
            return DropReason.Unauthentic;
        if (timestamp <= peer.GreatestTimestamp)
            return DropReason.TimestampReplayed;
        if (now - peer.LastInitiationReceivedAt < peer.Schedule.InitiationInterval)
            return DropReason.InitiationTooSoon;
        if (peer.Pending is { } pending && now - pending.SentAt < peer.Schedule.CrossedInitiationWindow && IsGreaterThan(peer))
            return DropReason.InitiationCrossed;
        peer.GreatestTimestamp = timestamp;
        peer.LastInitiationReceivedAt = now;
        return DropReason.None;
    }

    private bool IsGreaterThan(Peer peer) => PublicKey.Bytes.SequenceCompareTo(peer.PublicKey.Bytes) > 0;

    private DropReason Respond(Peer peer, in PublicKey initiatorEphemeral, ReadOnlySpan<byte> initiation, in IpEndpoint source, SymmetricState noise, long now)
    {
        using var ephemeral = PrivateKey.Generate(_random);
        var slot = new ReservedIndex(peer);
        if (!_indices.TryAssign(slot))
            return DropReason.NoIndex;
        uint remoteIndex = InitiationMessage.SenderIndex(initiation);
        Span<byte> message = stackalloc byte[ResponseMessage.Length];
        if (!Response.TryWrite(initiatorEphemeral, peer.PublicKey, peer.PresharedKey, ephemeral, slot.Index, remoteIndex, noise, message))
        {
            _indices.Remove(slot);
            return DropReason.LowOrderKey;
        }

        noise.Split(out var receiveKey, out var sendKey);
        var keypair = new Keypair(peer, sendKey, receiveKey, remoteIndex, false, now, _options.ReplayWindowLength);
        _indices.Transfer(slot, keypair);
        Forget(ref peer.Next);
        peer.Next = keypair;

        peer.CookieMaker.WriteMacs(peer.Mac1Key, message, now);
        peer.LastReceivedAt = now;
        peer.ReceivedBytes += initiation.Length;
        SessionTimers.AnyAuthenticatedPacketReceived(peer);
        _timers.SessionDerived(peer, now);
        SendHandshake(peer, source, message, now);
        return DropReason.None;
    }

    private ReceiveResult ReceiveResponse(ReadOnlySpan<byte> message, in IpEndpoint source, long now)
    {
        var reason = Admit(message, source, now);
        if (reason != DropReason.None)
            return Drop(reason, MessageType.HandshakeResponse);
        if (_indices.Find(ResponseMessage.ReceiverIndex(message)) is not PendingInitiation pending)
            return Drop(DropReason.UnknownIndex, MessageType.HandshakeResponse);

        var peer = pending.Peer;
        Span<byte> secrets = stackalloc byte[SymmetricState.Length];
        pending.Secrets.CopyTo(secrets);
        var noise = new SymmetricState(secrets);
        reason = Response.Read(_privateKey, pending.Ephemeral, peer.PresharedKey, message, noise);
        if (reason != DropReason.None)
        {
            Zero.Fill(secrets);
            return Drop(reason, MessageType.HandshakeResponse);
        }

        noise.Split(out var sendKey, out var receiveKey);
        Zero.Fill(secrets);
        var keypair = new Keypair(peer, sendKey, receiveKey, ResponseMessage.SenderIndex(message), true, now, _options.ReplayWindowLength);
        _indices.Transfer(pending, keypair);
        peer.Pending = null;
        pending.Dispose();
        if (peer.Timers.HandshakeAttempts == 0)
            peer.HandshakeRoundTrip = now - pending.SentAt;
        peer.LastReceivedAt = now;
        peer.ReceivedBytes += message.Length;
        SessionTimers.AnyAuthenticatedPacketReceived(peer);
        _timers.AnyAuthenticatedPacketTraversal(peer, now);
        _timers.SessionDerived(peer, now);
        BecomeCurrent(keypair, now);
        if (peer.StagedCount == 0)
            SendKeepalive(peer, source, now);
        return new ReceiveResult { Kind = ReceiveKind.Handshake, MessageType = MessageType.HandshakeResponse, NewSession = true, Peer = peer };
    }

    private ReceiveResult ReceiveCookieReply(ReadOnlySpan<byte> message, long now)
    {
        if (_indices.Find(CookieReplyMessage.ReceiverIndex(message)) is not { } state)
            return Drop(DropReason.UnknownIndex, MessageType.CookieReply);
        var peer = state.Peer;
        if (!peer.CookieMaker.TryAccept(peer.PublicKey, message, now))
            return Drop(DropReason.UnexpectedCookie, MessageType.CookieReply);
        if (peer.Schedule.RetryAtOnceAfterCookie && peer.Pending is { CarriedCookie: false } pending && ReferenceEquals(pending, state))
            SendInitiation(peer, pending.Destination, now);
        return new ReceiveResult { Kind = ReceiveKind.Handshake, MessageType = MessageType.CookieReply, Peer = peer };
    }

    /// <summary>DH of both static keys, computed once per peer; false when the peer's key has low order.</summary>
    private bool TryGetStaticShared(Peer peer, out ReadOnlySpan<byte> shared)
    {
        if (peer.StaticShared is null)
        {
            byte[] computed = GC.AllocateArray<byte>(NoiseConstants.HashLength, pinned: true);
            if (!_privateKey.TryAgree(peer.PublicKey, computed))
            {
                shared = default;
                return false;
            }

            peer.StaticShared = computed;
        }

        shared = peer.StaticShared;
        return true;
    }
}
