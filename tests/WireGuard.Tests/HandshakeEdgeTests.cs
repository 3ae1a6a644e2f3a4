using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Handshakes that come twice, late, crossed, too fast, or from somebody else.</summary>
[Trait("Threat", "14")]
public class HandshakeEdgeTests
{
    private const long Second = 1_000_000;

    /// <summary>Points of small order on Curve25519 and its twist, in canonical form, and 2^255-19 as a non-canonical zero.</summary>
    private static readonly string[] LowOrderPoints =
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "E0EB7A7C3B41B8AE1656E3FAF19FC46ADA098DEB9C32B1FD866205165F49B800",
        "5F9C95BCA3508C24B1D0B1559C83EF5B04445CC4581C8E86D8224EDDD09F1157",
        "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
        "EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
        "EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ];

    [Fact]
    [Trait("Threat", "3")]
    public void A_replayed_initiation_is_refused_from_any_source_and_after_a_restart()
    {
        using var pair = new Pair();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        byte[] initiation = pair.A.TakeOnly();
        Assert.Equal(ReceiveKind.Handshake, pair.B.Receive([.. initiation], pair.A, pair.Now).Kind);
        pair.B.Sent.Clear();
        pair.Now += Second;
        var replayed = pair.B.Device.Receive([.. initiation], new IpEndpoint(new IpAddress(0x01020304), 5), pair.Now);
        Assert.Equal((DropReason.TimestampReplayed, (Peer?)null), (replayed.DropReason, replayed.Peer));
        Assert.Empty(pair.B.Sent);

        var greatest = pair.PeerOfB.GreatestTimestamp;
        using var restarted = new Node(2);
        restarted.AddPeer(pair.A, configure: options => options with { GreatestTimestamp = greatest });
        Assert.Equal(DropReason.TimestampReplayed, restarted.Receive([.. initiation], pair.A, 0).DropReason);
        using var forgetful = new Node(2);
        forgetful.AddPeer(pair.A);
        Assert.Equal(ReceiveKind.Handshake, forgetful.Receive([.. initiation], pair.A, 0).Kind);
    }

    [Fact]
    public void A_label_that_goes_back_is_refused()
    {
        using var a = new Node(1);
        using var aWithOldClock = new Node(1, configure: options => options with { TimestampAtZero = Node.Epoch.Add(-3600 * Second) });
        using var b = new Node(2);
        b.AddPeer(a);
        a.Device.InitiateHandshake(a.AddPeer(b), b.Address, 0);
        Assert.Equal(ReceiveKind.Handshake, b.Receive(a.TakeOnly(), a, 0).Kind);
        aWithOldClock.Device.InitiateHandshake(aWithOldClock.AddPeer(b), b.Address, 0);
        Assert.Equal(DropReason.TimestampReplayed, b.Receive(aWithOldClock.TakeOnly(), a, Second).DropReason);
    }

    [Fact]
    public void Labels_of_one_peer_grow_also_when_the_clock_stands_still()
    {
        using var pair = new Pair(TimerSchedule.Paper with { InitiationInterval = 0 });
        for (int i = 0; i < 60; i++)
        {
            pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
            var before = pair.PeerOfB.GreatestTimestamp;
            Assert.Equal(ReceiveKind.Handshake, pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now).Kind);
            Assert.True(pair.PeerOfB.GreatestTimestamp > before);
        }
    }

    [Fact]
    public void Initiations_less_than_20_ms_apart_are_refused()
    {
        using var pair = new Pair(TimerSchedule.Paper with { InitiationInterval = 0 });
        using var b = new Node(3);
        var strict = b.AddPeer(pair.A);
        Send(0, DropReason.None);
        Send(19_999, DropReason.InitiationTooSoon);
        Send(20_000, DropReason.None);
        Send(39_999, DropReason.InitiationTooSoon);
        Send(40_000, DropReason.None);
        Assert.NotNull(strict.Next);

        void Send(long at, DropReason expected)
        {
            using var a = new Node(1, configure: options => options with { TimestampAtZero = Node.Epoch.Add(at * 1000) });
            a.Device.InitiateHandshake(a.AddPeer(b), b.Address, 0);
            Assert.Equal(expected, b.Receive(a.TakeOnly(), a, at).DropReason);
        }
    }

    [Fact]
    public void Our_own_initiations_keep_the_20_ms_though_the_owner_asks_twice()
    {
        using var pair = new Pair();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.A.TakeOnly();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now + 5_000);
        Assert.Empty(pair.A.Sent);
        Assert.Equal(pair.Now + 20_000, pair.PeerOfA.Timers.RetransmitHandshakeAt);
        pair.A.Device.Tick(pair.Now + 20_000);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.A.TakeOnly()));
    }

    [Fact]
    public void A_response_is_taken_once_and_only_by_the_latest_initiation()
    {
        using var pair = new Pair();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        byte[] toFirst = pair.B.TakeOnly();
        pair.Now += Second;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        byte[] toSecond = pair.B.TakeOnly();
        Assert.Equal(DropReason.UnknownIndex, pair.ReceiveAtA(toFirst).DropReason);
        Assert.Equal(ReceiveKind.Handshake, pair.ReceiveAtA([.. toSecond]).Kind);
        Assert.Equal(DropReason.UnknownIndex, pair.ReceiveAtA([.. toSecond]).DropReason);
    }

    [Fact]
    public void A_forged_response_leaves_the_initiation_waiting_for_the_true_one()
    {
        using var pair = new Pair();
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        byte[] response = pair.B.TakeOnly();
        byte[] forged = [.. response];
        forged[ResponseMessage.EmptyOffset] ^= 1;
        Assert.Equal(DropReason.Mac1, pair.ReceiveAtA([.. forged]).DropReason);
        new Mac1Key(pair.A.Device.PublicKey).Write(forged);
        Assert.Equal(DropReason.Unauthentic, pair.ReceiveAtA(forged).DropReason);
        Assert.True(pair.ReceiveAtA(response).NewSession);
    }

    [Fact]
    public void An_initiation_of_a_stranger_or_for_somebody_else_is_not_answered()
    {
        using var pair = new Pair();
        using var stranger = new Node(7);
        stranger.Device.InitiateHandshake(stranger.AddPeer(pair.B), pair.B.Address, 0);
        byte[] initiation = stranger.TakeOnly();
        Assert.Equal(DropReason.UnknownPeer, pair.B.Receive([.. initiation], stranger, 0).DropReason);
        Assert.Equal(DropReason.Mac1, pair.A.Receive([.. initiation], stranger, 0).DropReason);
        Assert.Empty(pair.B.Sent);
        Assert.Empty(pair.A.Sent);
    }

    [Fact]
    public void Low_order_public_keys_are_refused_wherever_they_stand()
    {
        using var pair = new Pair();
        foreach (string point in LowOrderPoints)
        {
            byte[] bytes = Convert.FromHexString(point);
            using var a = new Node(9);
            var weak = a.Device.AddPeer(new PeerOptions { PublicKey = new PublicKey(bytes), Endpoint = pair.B.Address });
            a.Device.InitiateHandshake(weak, pair.B.Address, 0);
            Assert.Empty(a.Sent);
            Assert.Equal(1, a.Device.DropCount(DropReason.LowOrderKey));

            pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now += Second);
            byte[] initiation = pair.A.TakeOnly();
            byte[] weakInitiation = [.. initiation];
            bytes.CopyTo(weakInitiation, InitiationMessage.EphemeralOffset);
            new Mac1Key(pair.B.Device.PublicKey).Write(weakInitiation);
            Assert.Equal(DropReason.LowOrderKey, pair.B.Receive(weakInitiation, pair.A, pair.Now).DropReason);

            pair.B.Receive(initiation, pair.A, pair.Now);
            byte[] response = pair.B.TakeOnly();
            bytes.CopyTo(response, ResponseMessage.EphemeralOffset);
            new Mac1Key(pair.A.Device.PublicKey).Write(response);
            Assert.Equal(DropReason.LowOrderKey, pair.ReceiveAtA(response).DropReason);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Crossed_initiations_end_in_a_session_that_both_use(bool ours)
    {
        using var pair = new Pair(ours ? TimerSchedule.Keyhole : TimerSchedule.Paper);
        Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, [1]), pair.Now, out _);
        Inner.Seal(pair.B.Device, pair.PeerOfB, Inner.Packet(pair.B.InnerAddress, pair.A.InnerAddress, [2]), pair.Now, out _);
        byte[] fromA = pair.A.TakeOnly();
        byte[] fromB = pair.B.TakeOnly();
        var atB = pair.ReceiveAtB(fromA);
        var atA = pair.ReceiveAtA(fromB);
        if (ours)
        {
            bool aIsGreater = pair.A.Device.PublicKey.Bytes.SequenceCompareTo(pair.B.Device.PublicKey.Bytes) > 0;
            Assert.Equal(DropReason.InitiationCrossed, (aIsGreater ? atA : atB).DropReason);
            Assert.Equal(ReceiveKind.Handshake, (aIsGreater ? atB : atA).Kind);
        }
        else
        {
            Assert.Equal((ReceiveKind.Handshake, ReceiveKind.Handshake), (atA.Kind, atB.Kind));
        }

        int packets = 0;
        for (int round = 0; round < 4; round++)
        {
            while (pair.A.Sent.TryDequeue(out var datagram))
                packets += pair.ReceiveAtB(datagram.Bytes).Kind == ReceiveKind.Packet ? 1 : 0;
            while (pair.B.Sent.TryDequeue(out var datagram))
                packets += pair.ReceiveAtA(datagram.Bytes).Kind == ReceiveKind.Packet ? 1 : 0;
            pair.A.Device.Tick(pair.Now);
            pair.B.Device.Tick(pair.Now);
        }

        Assert.Equal(2, packets);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.SealAtA([3])).Kind);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtA(pair.SealAtB([4])).Kind);
        Assert.False(pair.PeerOfA.Timers.HandshakeInProgress || pair.PeerOfB.Timers.HandshakeInProgress);
    }

    /// <summary>Every order in which the datagrams of two crossed handshakes can arrive: at least one side uses a session that it will renew.</summary>
    [Fact]
    [Trait("Threat", "14")]
    public void Crossed_handshakes_never_leave_both_sides_as_responders()
    {
        for (int order = 0; order < 1 << 12; order++)
        {
            using var pair = new Pair(TimerSchedule.Paper);
            pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
            pair.B.Device.InitiateHandshake(pair.PeerOfB, pair.A.Address, pair.Now);
            for (int bits = order, step = 0; step < 12; step++, bits >>= 1)
            {
                pair.Now++;
                var (from, to) = (bits & 1) == 0 ? (pair.A, pair.B) : (pair.B, pair.A);
                if (from.Sent.TryDequeue(out var datagram))
                    to.Device.Receive(datagram.Bytes, from.Address, pair.Now);
                else if (Inner.Seal(from.Device, from == pair.A ? pair.PeerOfA : pair.PeerOfB, Inner.Packet(from.InnerAddress, to.InnerAddress, [1]), pair.Now, out _) is { } packet)
                    to.Device.Receive(packet, from.Address, pair.Now);
            }

            pair.Deliver();
            Assert.True(pair.PeerOfA.Current!.IsInitiator || pair.PeerOfB.Current!.IsInitiator, $"order {order:b12}");
            Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.SealAtA([3])).Kind);
            Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtA(pair.SealAtB([4])).Kind);
            Assert.True(pair.PeerOfA.Current!.IsInitiator || pair.PeerOfB.Current!.IsInitiator, $"order {order:b12}");
        }
    }

    [Fact]
    public void The_winner_of_crossed_initiations_gives_way_when_its_own_was_lost()
    {
        using var pair = new Pair(TimerSchedule.Keyhole with { RetryJitter = 0 });
        bool aIsGreater = pair.A.Device.PublicKey.Bytes.SequenceCompareTo(pair.B.Device.PublicKey.Bytes) > 0;
        var (winner, loser, peerOfWinner, peerOfLoser) = aIsGreater ? (pair.A, pair.B, pair.PeerOfA, pair.PeerOfB) : (pair.B, pair.A, pair.PeerOfB, pair.PeerOfA);
        winner.Device.InitiateHandshake(peerOfWinner, loser.Address, pair.Now);
        winner.Sent.Clear();
        pair.Now += 499_999;
        loser.Device.InitiateHandshake(peerOfLoser, winner.Address, pair.Now);
        Assert.Equal(DropReason.InitiationCrossed, winner.Receive(loser.TakeOnly(), loser, pair.Now).DropReason);
        pair.Now += 20_001;
        loser.Device.InitiateHandshake(peerOfLoser, winner.Address, pair.Now);
        Assert.Equal(ReceiveKind.Handshake, winner.Receive(loser.TakeOnly(), loser, pair.Now).Kind);
    }

    [Fact]
    public void A_handshake_is_answered_at_its_source_and_moves_no_endpoint()
    {
        using var pair = new Pair();
        var elsewhere = new IpEndpoint(IpAddress.Parse("2001:db8::7"), 9);
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        var result = pair.B.Device.Receive(pair.A.TakeOnly(), elsewhere, pair.Now);
        Assert.Same(pair.PeerOfB, result.Peer);
        var response = Assert.Single(pair.B.Sent);
        Assert.Equal(elsewhere, response.Destination);
        Assert.Equal(pair.A.Address, pair.PeerOfB.Endpoint);
        pair.A.Device.Receive(response.Bytes, elsewhere, pair.Now);
        var confirmation = Assert.Single(pair.A.Sent);
        Assert.Equal(elsewhere, confirmation.Destination);
        Assert.Equal(pair.B.Address, pair.PeerOfA.Endpoint);
        pair.B.Device.Receive(confirmation.Bytes, elsewhere, pair.Now);
        Assert.Equal(pair.A.Address, pair.PeerOfB.Endpoint);
    }

    [Fact]
    public void Initiations_can_go_another_way_than_data()
    {
        using var pair = new Pair(TimerSchedule.Paper with { RekeyAfterTime = 30 * Second });
        var relay = new IpEndpoint(IpAddress.Parse("198.51.100.1"), 21820);
        pair.PeerOfA.HandshakeEndpoint = relay;
        pair.Handshake();
        pair.Now += 31 * Second;
        pair.SealAtA([1]);
        Assert.Equal(relay, Assert.Single(pair.A.Sent).Destination);
    }
}
