using Keyhole.Cryptography;

namespace Keyhole.WireGuard.Tests;

public class HandshakeTests
{
    [Fact]
    public void A_handshake_carries_packets_both_ways()
    {
        using var pair = Pair.Established();
        byte[] there = pair.SealAtA("there"u8);
        var result = pair.ReceiveAtB(there);
        Assert.Equal((ReceiveKind.Packet, 16, 25), (result.Kind, result.Offset, result.Length));
        Assert.Equal("there"u8.ToArray(), there.AsSpan(result.Offset + 20, 5).ToArray());
        Assert.Same(pair.PeerOfB, result.Peer);
        byte[] back = pair.SealAtB("back"u8);
        result = pair.ReceiveAtA(back);
        Assert.Equal((ReceiveKind.Packet, 24), (result.Kind, result.Length));
        Assert.Same(pair.PeerOfA, result.Peer);
    }

    [Fact]
    public void A_staged_packet_starts_the_handshake_and_leaves_with_it()
    {
        using var pair = new Pair();
        Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, [1, 2, 3]), pair.Now, out var sealing);
        Assert.Equal(SealKind.Staged, sealing.Kind);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        var response = pair.A.Receive(pair.B.TakeOnly(), pair.B, pair.Now);
        Assert.True(response.NewSession);
        Assert.Equal((pair.Now, DeadlineReason.SendStaged), (pair.A.Device.NextDeadline, pair.A.Device.NextDeadlineReason));
        pair.A.Device.Tick(pair.Now);
        var packet = pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        Assert.Equal((ReceiveKind.Packet, 23, true), (packet.Kind, packet.Length, packet.Confirmed));
    }

    [Fact]
    public void A_preshared_key_must_be_the_same_on_both_sides()
    {
        using var key = new PresharedKey(Enumerable.Repeat((byte)7, 32).ToArray());
        using (Pair.Established(presharedKey: key))
        {
        }

        using var other = new PresharedKey(Enumerable.Repeat((byte)8, 32).ToArray());
        using var a = new Node(1);
        using var b = new Node(2);
        var peer = a.AddPeer(b, key);
        b.AddPeer(a, other);
        a.Device.InitiateHandshake(peer, b.Address, 0);
        b.Receive(a.TakeOnly(), a, 0);
        Assert.Equal(DropReason.Unauthentic, a.Receive(b.TakeOnly(), b, 0).DropReason);
    }
}
