using System.Diagnostics.CodeAnalysis;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

public sealed partial class Device
{
    /// <summary>
    /// Seals the packet at <c>buffer[16..16 + length]</c> in place, into a datagram that starts at <c>buffer[0]</c>; the caller sends it. Without a
    /// session the packet is copied and a handshake started. A length of 0 makes a keepalive, which is never staged.
    /// </summary>
    /// <param name="buffer">Holds 16 bytes before the packet and, after it, padding to a multiple of 16 and a 16-byte tag.</param>
    /// <exception cref="ArgumentException">The peer is not of this device, or the buffer is too short.</exception>
    public SealResult Seal(Peer peer, Span<byte> buffer, int length, long now)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (peer.Device != this || peer.IsRemoved)
            ThrowForeignPeer();
        if ((uint)length > ushort.MaxValue || buffer.Length < TransportMessage.PaddedLength(length, peer.Mtu) + TransportMessage.Overhead)
            ThrowShortBuffer();
        if (peer.Current is { } keypair && keypair.CanSend(now))
        {
            if (peer.StagedCount > 0)
                SendStaged(peer, now);
            if (SealUnder(keypair, buffer, length, now, out int datagramLength, out ulong counter))
                return new SealResult { Kind = SealKind.Sealed, Length = datagramLength, Counter = counter };
        }

        return Stage(peer, buffer.Slice(TransportMessage.PacketOffset, length), now);
    }

    /// <summary>Seals and moves the timers; false when the counters are used up.</summary>
    private bool SealUnder(Keypair keypair, Span<byte> buffer, int length, long now, out int datagramLength, out ulong counter)
    {
        datagramLength = 0;
        if (keypair.TakeCounters(1, out counter) == 0)
            return false;
        int padded = WriteAround(keypair, buffer, length, counter);
        keypair.SendKey.Seal(counter, buffer[TransportMessage.PacketOffset..], padded);
        datagramLength = padded + TransportMessage.Overhead;
        Sealed(keypair, length, datagramLength, counter, now);
        return true;
    }

    /// <summary>Writes the header before a packet and the padding after it, and returns the padded length.</summary>
    private static int WriteAround(Keypair keypair, Span<byte> datagram, int length, ulong counter)
    {
        int padded = TransportMessage.PaddedLength(length, keypair.Peer.Mtu);
        TransportMessage.WriteHeader(datagram, keypair.RemoteIndex, counter);
        datagram.Slice(TransportMessage.PacketOffset + length, padded - length).Clear();
        return padded;
    }

    /// <summary>What follows the sealing of a packet of <paramref name="length"/> bytes, 0 for a keepalive.</summary>
    private void Sealed(Keypair keypair, int length, int datagramLength, ulong counter, long now)
    {
        var peer = keypair.Peer;
        peer.SentBytes += datagramLength;
        if (length > 0)
            _timers.DataSent(peer, now);
        SessionTimers.AnyAuthenticatedPacketSent(peer);
        _timers.AnyAuthenticatedPacketTraversal(peer, now);
        KeepKeyFreshWhenSending(keypair, counter, now);
    }

    private void KeepKeyFreshWhenSending(Keypair keypair, ulong counter, long now)
    {
        var schedule = keypair.Peer.Schedule;
        if (counter >= schedule.RekeyAfterMessages
            || ((keypair.IsInitiator || schedule.ResponderRekeys) && now - keypair.CreatedAt >= schedule.RekeyAfterTime))
            StartHandshake(keypair.Peer, now);
    }

    private SealResult Stage(Peer peer, ReadOnlySpan<byte> packet, long now)
    {
        if (!StartHandshake(peer, now))
            return DropSealed(DropReason.NoEndpoint);
        if (packet.IsEmpty)
            return new SealResult { Kind = SealKind.Staged };
        if (_stagedBytes + StagedPackets.BufferLength(packet.Length) > _options.MaximumStagedBytes)
            return DropSealed(DropReason.StagedFull);
        var staged = peer.Staged ??= new StagedPackets();
        if (staged.Count >= _options.MaximumStagedPackets && staged.TryTake(out var oldest))
        {
            _stagedBytes -= oldest.Buffer.Length;
            _drops[(int)DropReason.StagedFull]++;
        }

        _stagedBytes += staged.Add(packet);
        return new SealResult { Kind = SealKind.Staged };
    }

    /// <summary>Sends what waited for a session, in order, to the peer's endpoint.</summary>
    private void SendStaged(Peer peer, long now)
    {
        peer.Timers.SendStagedAt = long.MaxValue;
        if (peer.Staged is null || peer.Endpoint is not { } endpoint)
            return;
        while (peer.Current is { } keypair && keypair.CanSend(now) && peer.Staged.TryTake(out var packet))
        {
            _stagedBytes -= packet.Buffer.Length;
            if (SealUnder(keypair, packet.Buffer, packet.Length, now, out int datagramLength, out _))
                _output.Send(endpoint, packet.Buffer.AsSpan(0, datagramLength), peer);
            else
                _drops[(int)DropReason.CounterExhausted]++;
        }

        if (peer.Staged.Count == 0)
            peer.Staged = null;
    }

    /// <summary>An empty packet: proves the session to the peer and keeps the way open.</summary>
    private void SendKeepalive(Peer peer, in IpEndpoint destination, long now)
    {
        Span<byte> datagram = stackalloc byte[TransportMessage.Overhead];
        if (peer.Current is { } keypair && keypair.CanSend(now) && SealUnder(keypair, datagram, 0, now, out _, out _))
            _output.Send(destination, datagram, peer);
    }

    private void DropStaged(Peer peer, DropReason reason)
    {
        while (peer.Staged is { } staged && staged.TryTake(out var packet))
        {
            _stagedBytes -= packet.Buffer.Length;
            _drops[(int)reason]++;
        }

        peer.Staged = null;
    }

    private SealResult DropSealed(DropReason reason)
    {
        _drops[(int)reason]++;
        return new SealResult { DropReason = reason };
    }

    [DoesNotReturn]
    private static void ThrowForeignPeer() => throw new ArgumentException("The peer is not, or no longer, of this device.", "peer");

    [DoesNotReturn]
    private static void ThrowShortBuffer() =>
        throw new ArgumentException("A packet has at most 65,535 bytes; its buffer has 16 before it, and room for padding and a 16-byte tag after it.", "buffer");
}
