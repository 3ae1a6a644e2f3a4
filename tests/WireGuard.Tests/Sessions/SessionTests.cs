using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>What a session accepts and for how long (paper section 6).</summary>
[Trait("Threat", "14")]
public class SessionTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void A_packet_is_accepted_once()
    {
        using var pair = Pair.Established();
        byte[] datagram = pair.SealAtA([1, 2, 3]);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB([.. datagram]).Kind);
        var again = pair.ReceiveAtB([.. datagram]);
        Assert.Equal((ReceiveKind.Dropped, DropReason.CounterReplayed, (Peer?)null), (again.Kind, again.DropReason, again.Peer));
    }

    [Fact]
    public void A_counter_8128_behind_is_accepted_and_8129_behind_is_not()
    {
        using var pair = Pair.Established();
        // Counter 0 was the confirming keepalive.
        byte[][] datagrams = [.. Enumerable.Range(1, 8131).Select(_ => pair.SealAtA([]))];
        Assert.Equal(8131ul, TransportMessage.Counter(datagrams[^1]));
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(datagrams[^1]).Kind);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(datagrams[2]).Kind);
        Assert.Equal(DropReason.CounterReplayed, pair.ReceiveAtB(datagrams[1]).DropReason);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(datagrams[3]).Kind);
    }

    [Fact]
    public void A_longer_window_is_an_option()
    {
        using var pair = Pair.Established(configure: options => options with { ReplayWindowLength = ReplayWindow.LongLength });
        byte[] early = pair.SealAtA([]);
        for (int i = 0; i < 20_000; i++)
            pair.SealAtA([]);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.SealAtA([])).Kind);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(early).Kind);
    }

    [Fact]
    public void A_changed_datagram_is_refused_wherever_it_was_changed()
    {
        using var pair = Pair.Established();
        byte[] datagram = pair.SealAtA([1, 2, 3]);
        for (int i = 0; i < datagram.Length; i++)
        {
            byte[] changed = [.. datagram];
            changed[i] ^= 0x04;
            var result = pair.ReceiveAtB(changed);
            Assert.Equal(ReceiveKind.Dropped, result.Kind);
            Assert.Null(result.Peer);
            Assert.Equal(i < 4 ? DropReason.Malformed : i < 8 ? DropReason.UnknownIndex : DropReason.Unauthentic, result.DropReason);
        }

        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(datagram).Kind);
    }

    [Fact]
    public void The_wrong_direction_and_the_wrong_device_open_nothing()
    {
        using var pair = Pair.Established();
        byte[] datagram = pair.SealAtA([1]);
        Assert.Equal(DropReason.UnknownIndex, pair.ReceiveAtA([.. datagram]).DropReason);
        BitConverter.TryWriteBytes(datagram.AsSpan(4), pair.PeerOfA.Current!.Index);
        Assert.Equal(DropReason.Unauthentic, pair.ReceiveAtA(datagram).DropReason);
    }

    [Fact]
    public void After_180_seconds_a_session_neither_sends_nor_receives()
    {
        using var pair = Pair.Established();
        byte[] early = pair.SealAtA([1]);
        byte[] late = pair.SealAtA([2]);
        pair.Now += 180 * Second - 1;
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(early).Kind);
        Assert.True(pair.PeerOfB.HasSession(pair.Now));
        pair.Now += 1;
        Assert.Equal(DropReason.SessionExpired, pair.ReceiveAtB(late).DropReason);
        Assert.False(pair.PeerOfB.HasSession(pair.Now));
        Inner.Seal(pair.B.Device, pair.PeerOfB, Inner.Packet(pair.B.InnerAddress, pair.A.InnerAddress, []), pair.Now, out var sealing);
        Assert.Equal(SealKind.Staged, sealing.Kind);
    }

    [Fact]
    public void The_last_counter_before_the_limit_is_used_and_the_limit_is_not()
    {
        using var pair = Pair.Established();
        ulong limit = TimerSchedule.Paper.RejectAfterMessages;
        pair.PeerOfA.Current!.SendCounter = limit - 1;
        byte[] last = pair.SealAtA([1]);
        Assert.Equal(limit - 1, TransportMessage.Counter(last));
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(last).Kind);
        for (int i = 0; i < 3; i++)
        {
            Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, []), pair.Now, out var sealing);
            Assert.Equal(SealKind.Staged, sealing.Kind);
        }

        Assert.Equal(limit, pair.PeerOfA.Current.SendCounter);
    }

    [Theory]
    [InlineData(0xFFFF_FFFF_FFFF_DFFFul)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFFul)]
    public void A_counter_at_or_above_the_limit_is_refused_though_authentic(ulong counter)
    {
        using var pair = Pair.Established();
        var keypair = pair.PeerOfA.Current!;
        byte[] datagram = new byte[32];
        TransportMessage.WriteHeader(datagram, keypair.RemoteIndex, counter);
        keypair.SendKey.Seal(counter, datagram.AsSpan(16), 0);
        Assert.Equal(DropReason.CounterExhausted, pair.ReceiveAtB(datagram).DropReason);
    }

    [Fact]
    public void Many_messages_renew_the_session_whoever_began_it()
    {
        var schedule = TimerSchedule.Paper with { RekeyAfterMessages = 100 };
        using var pair = Pair.Established(schedule);
        pair.Now += 6 * Second;
        for (int i = 0; i < 99; i++)
            pair.SealAtB([]);
        Assert.Empty(pair.B.Sent);
        pair.SealAtB([]);
        pair.SealAtB([]);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.B.TakeOnly()));
    }

    [Fact]
    public void Packets_sealed_under_the_old_session_are_opened_after_a_rekey()
    {
        using var pair = Pair.Established();
        byte[] oldAtA = pair.SealAtA([1]);
        byte[] oldAtB = pair.SealAtB([2]);
        pair.Now += 10 * Second;
        pair.Handshake();
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(oldAtA).Kind);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtA(oldAtB).Kind);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.SealAtA([3])).Kind);
    }

    [Fact]
    public void Two_rekeys_later_the_oldest_session_is_gone()
    {
        using var pair = Pair.Established();
        byte[] oldest = pair.SealAtA([1]);
        for (int i = 0; i < 2; i++)
        {
            pair.Now += 10 * Second;
            pair.Handshake();
        }

        Assert.Equal(DropReason.UnknownIndex, pair.ReceiveAtB(oldest).DropReason);
        Assert.True(pair.A.Device.IndexCount <= 2 && pair.B.Device.IndexCount <= 2);
    }

    [Fact]
    public void A_lost_confirmation_is_made_up_by_the_next_packet()
    {
        using var pair = new Pair();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        pair.A.Receive(pair.B.TakeOnly(), pair.B, pair.Now);
        pair.A.Sent.Clear();
        Assert.False(pair.PeerOfB.HasSession(pair.Now));
        Inner.Seal(pair.B.Device, pair.PeerOfB, Inner.Packet(pair.B.InnerAddress, pair.A.InnerAddress, [9]), pair.Now, out var sealing);
        Assert.Equal(SealKind.Staged, sealing.Kind);
        Assert.Empty(pair.B.Sent);

        var result = pair.ReceiveAtB(pair.SealAtA([1]));
        Assert.Equal((ReceiveKind.Packet, true, true), (result.Kind, result.NewSession, result.Confirmed));
        pair.B.Device.Tick(pair.Now);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtA(pair.B.TakeOnly()).Kind);
        Assert.False(pair.ReceiveAtB(pair.SealAtA([2])).Confirmed);
    }

    [Fact]
    public void A_spoofed_inner_source_is_dropped_but_proves_the_sender()
    {
        using var pair = Pair.Established();
        var victim = IpAddress.Parse("10.0.0.77");
        byte[] datagram = Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(victim, pair.B.InnerAddress, [1]), pair.Now, out _)!;
        var result = pair.ReceiveAtB(datagram);
        Assert.Equal((ReceiveKind.Dropped, DropReason.SourceNotAllowed), (result.Kind, result.DropReason));
        Assert.Same(pair.PeerOfB, result.Peer);
        Assert.Equal(1, pair.B.Device.DropCount(DropReason.SourceNotAllowed));
    }

    [Fact]
    public void An_IPv4_mapped_inner_source_is_not_the_IPv4_address_in_it()
    {
        using var pair = Pair.Established();
        byte[] packet = Inner.Packet(IpAddress.Parse("fd00::1"), IpAddress.Parse("fd00::2"), [1]);
        pair.A.InnerAddress.Write16To(packet.AsSpan(8));
        var result = pair.ReceiveAtB(Inner.Seal(pair.A.Device, pair.PeerOfA, packet, pair.Now, out _)!);
        Assert.Equal(DropReason.SourceNotAllowed, result.DropReason);
    }

    [Fact]
    public void What_is_no_IP_packet_passes_whole_with_its_padding()
    {
        using var pair = Pair.Established();
        byte[] control = [0x10, 1, 0, 3, 7, 7, 7];
        byte[] datagram = Inner.Seal(pair.A.Device, pair.PeerOfA, control, pair.Now, out _)!;
        var result = pair.ReceiveAtB(datagram);
        Assert.Equal((ReceiveKind.Packet, 16), (result.Kind, result.Length));
        Assert.Equal([.. control, .. new byte[9]], datagram.AsSpan(result.Offset, result.Length).ToArray());
    }

    [Theory]
    [InlineData(4, 1)]
    [InlineData(4, 19)]
    [InlineData(6, 1)]
    [InlineData(6, 39)]
    public void A_short_inner_header_is_malformed(int version, int length)
    {
        using var pair = Pair.Established();
        var keypair = pair.PeerOfA.Current!;
        // Sealed without padding, as a stock node near its MTU may do.
        byte[] datagram = new byte[length + TransportMessage.Overhead];
        TransportMessage.WriteHeader(datagram, keypair.RemoteIndex, 1);
        datagram[16] = (byte)(version << 4);
        keypair.SendKey.Seal(1, datagram.AsSpan(16), length);
        var result = pair.ReceiveAtB(datagram);
        Assert.Equal((ReceiveKind.Dropped, DropReason.InnerMalformed), (result.Kind, result.DropReason));
        Assert.Same(pair.PeerOfB, result.Peer);
    }

    [Theory]
    [InlineData(19)]
    [InlineData(26)]
    [InlineData(65535)]
    public void An_inner_length_that_lies_is_malformed(int claimed)
    {
        using var pair = Pair.Established(configure: options => options with { Mtu = 576 });
        byte[] packet = Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, new byte[12]);
        packet[2] = (byte)(claimed >> 8);
        packet[3] = (byte)claimed;
        var result = pair.ReceiveAtB(Inner.Seal(pair.A.Device, pair.PeerOfA, packet, pair.Now, out _)!);
        // 26 cuts the packet short, which is allowed; the others cannot be.
        Assert.Equal(claimed == 26 ? DropReason.None : DropReason.InnerMalformed, result.DropReason);
        Assert.Equal(claimed == 26 ? 26 : 0, result.Length);
    }

    [Fact]
    public void The_caller_s_faults_throw()
    {
        using var pair = Pair.Established();
        using var other = Pair.Established();
        byte[] buffer = new byte[100];
        Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(other.PeerOfA, buffer, 10, 0));
        Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(pair.PeerOfA, buffer, 69, 0));
        Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(pair.PeerOfA, buffer, -1, 0));
        Assert.Throws<ArgumentException>(() => pair.A.Device.RemovePeer(other.PeerOfA));
        Assert.Throws<ArgumentException>(() => pair.A.AddPeer(pair.A));
        Assert.Throws<ArgumentException>(() => pair.A.AddPeer(pair.B));
        Assert.Equal(SealKind.Sealed, pair.A.Device.Seal(pair.PeerOfA, buffer, 64, pair.Now).Kind);
        pair.A.Device.RemovePeer(pair.PeerOfA);
        Assert.Throws<ArgumentException>(() => pair.A.Device.Seal(pair.PeerOfA, buffer, 10, 0));
    }
}
