namespace Keyhole.WireGuard.Tests;

/// <summary>Packets that wait for a session.</summary>
public class StagingTests
{
    [Fact]
    public void The_oldest_of_a_peer_gives_way_and_order_is_kept()
    {
        using var pair = new Pair(configure: options => options with { MaximumStagedPackets = 4 });
        for (byte i = 1; i <= 6; i++)
            Assert.Equal(SealKind.Staged, Seal(pair, [i]).Kind);
        Assert.Equal(4, pair.PeerOfA.StagedCount);
        Assert.Equal(2, pair.A.Device.DropCount(DropReason.StagedFull));
        Complete(pair);
        pair.A.Device.Tick(pair.Now);
        Assert.Equal([3, 4, 5, 6], pair.A.Sent.Select(datagram => Payload(pair, datagram.Bytes)));
        Assert.Equal(0, pair.PeerOfA.StagedCount);
    }

    [Fact]
    public void The_device_holds_no_more_bytes_than_it_was_given()
    {
        using var pair = new Pair(configure: options => options with { MaximumStagedBytes = 3 * 1088 });
        byte[] payload = new byte[1024];
        Assert.Equal(SealKind.Staged, Seal(pair, payload).Kind);
        Assert.Equal(SealKind.Staged, Seal(pair, payload).Kind);
        Assert.Equal(SealKind.Staged, Seal(pair, payload).Kind);
        Assert.Equal((SealKind.Dropped, DropReason.StagedFull), (Seal(pair, payload).Kind, Seal(pair, payload).DropReason));
        Complete(pair);
        pair.A.Device.Tick(pair.Now);
        Assert.Equal(3, pair.A.Sent.Count);
        pair.Now += 1_000_000_000;
        Assert.Equal(SealKind.Staged, Seal(pair, payload).Kind);
    }

    [Fact]
    public void A_packet_sealed_before_the_tick_does_not_overtake_the_staged_ones()
    {
        using var pair = new Pair();
        Seal(pair, [1]);
        Complete(pair);
        byte[] third = pair.SealAtA([2]);
        Assert.Equal(1, Payload(pair, pair.A.TakeOnly()));
        Assert.Equal(2, Payload(pair, third));
    }

    [Fact]
    public void Without_an_endpoint_nothing_is_staged()
    {
        using var pair = new Pair();
        pair.PeerOfA.Endpoint = null;
        var result = Seal(pair, [1]);
        Assert.Equal((SealKind.Dropped, DropReason.NoEndpoint), (result.Kind, result.DropReason));
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        Assert.Equal(SealKind.Staged, Seal(pair, [1]).Kind);
    }

    [Fact]
    public void A_responder_only_peer_is_answered_and_never_called()
    {
        using var a = new Node(1);
        using var b = new Node(2);
        var peerOfA = a.AddPeer(b);
        var peerOfB = b.AddPeer(a, configure: options => options with { IsResponderOnly = true });
        Assert.Null(Inner.Seal(b.Device, peerOfB, [0x10, 0, 0, 0], 0, out var result));
        Assert.Equal((SealKind.Dropped, DropReason.NoEndpoint), (result.Kind, result.DropReason));
        Assert.Empty(b.Sent);
        a.Device.InitiateHandshake(peerOfA, b.Address, 0);
        b.Receive(a.TakeOnly(), a, 0);
        a.Receive(b.TakeOnly(), b, 0);
        b.Receive(a.TakeOnly(), a, 0);
        Assert.NotNull(Inner.Seal(b.Device, peerOfB, [0x10, 0, 0, 0], 0, out _));
        b.Device.Tick(100_000_000);
        Assert.Empty(b.Sent);
    }

    [Fact]
    public void Staged_packets_go_where_the_owner_says_once_it_knows()
    {
        using var pair = new Pair();
        pair.PeerOfA.Endpoint = null;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        Seal(pair, [1]);
        Complete(pair);
        pair.A.Device.Tick(pair.Now);
        Assert.Empty(pair.A.Sent);
        pair.PeerOfA.Endpoint = new Packets.IpEndpoint(new Packets.IpAddress(7), 7);
        pair.A.Device.Tick(pair.Now);
        Assert.Equal(pair.PeerOfA.Endpoint, Assert.Single(pair.A.Sent).Destination);
    }

    [Fact]
    public void The_MTU_may_rise_while_a_packet_waits()
    {
        using var pair = new Pair(configure: options => options with { Mtu = 576 });
        Seal(pair, new byte[555]);
        pair.PeerOfA.Mtu = 1420;
        Complete(pair);
        pair.A.Device.Tick(pair.Now);
        Assert.Equal(ReceiveKind.Packet, pair.ReceiveAtB(pair.A.TakeOnly()).Kind);
    }

    [Fact]
    public void Events_that_nobody_takes_give_way_to_newer_ones()
    {
        using var pair = new Pair(configure: options => options with { MaximumEvents = 2 });
        for (int i = 0; i < 5; i++)
        {
            pair.Now += 1_000_000;
            pair.Handshake();
        }

        Assert.Equal(3, pair.A.Device.LostEventCount);
        Assert.True(pair.A.Device.TryDequeueEvent(out var deviceEvent));
        Assert.Equal(pair.Now - 1_000_000, deviceEvent.At);
    }

    private static SealResult Seal(Pair pair, byte[] payload)
    {
        Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, payload), pair.Now, out var result);
        return result;
    }

    private static void Complete(Pair pair)
    {
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        Assert.True(pair.ReceiveAtA(pair.B.TakeOnly()).NewSession);
    }

    private static int Payload(Pair pair, byte[] datagram)
    {
        var result = pair.ReceiveAtB(datagram);
        Assert.Equal(ReceiveKind.Packet, result.Kind);
        return datagram[result.Offset + 20];
    }
}
