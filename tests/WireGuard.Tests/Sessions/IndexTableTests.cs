using Keyhole.Cryptography;

namespace Keyhole.WireGuard.Tests;

public class IndexTableTests
{
    [Fact]
    public void Indices_are_found_until_they_are_removed_also_in_long_chains()
    {
        using var node = new Node(1);
        using var other = new Node(2);
        var peer = node.AddPeer(other);
        // One bucket pair for a thousand states: every chain is long.
        var table = new IndexTable(1, node.Random, null);
        var states = Enumerable.Range(0, 1000).Select(_ => new ReservedIndex(peer)).ToArray();
        foreach (var state in states)
            Assert.True(table.TryAssign(state));
        Assert.Equal(1000, table.Count);
        Assert.Equal(1000, states.Select(state => state.Index).Distinct().Count());
        foreach (var state in states)
            Assert.Same(state, table.Find(state.Index));
        for (int i = 0; i < states.Length; i += 2)
            table.Remove(states[i]);
        for (int i = 0; i < states.Length; i++)
            Assert.Same(i % 2 == 0 ? null : states[i], table.Find(states[i].Index));
        table.Remove(states[0]);
        Assert.Equal(500, table.Count);
        var heir = new ReservedIndex(peer);
        table.Transfer(states[1], heir);
        Assert.Same(heir, table.Find(states[1].Index));
        Assert.Equal(500, table.Count);
    }

    [Fact]
    public void The_owner_can_refuse_an_index_and_the_device_takes_another()
    {
        var refused = new List<uint>();
        using var pair = new Pair(configure: options => options with
        {
            AcceptIndex = (_, index) =>
            {
                if (refused.Count >= 3)
                    return true;
                refused.Add(index);
                return false;
            },
        });
        pair.Handshake();
        Assert.Equal(3, refused.Count);
        Assert.All(refused, index => Assert.False(pair.A.Device.OwnsIndex(index) || pair.B.Device.OwnsIndex(index)));
        byte[] datagram = pair.SealAtA([1]);
        uint used = TransportMessage.ReceiverIndex(datagram);
        Assert.True(pair.B.Device.OwnsIndex(used));
        Assert.False(pair.A.Device.OwnsIndex(used));
    }

    [Fact]
    public void Without_an_acceptable_index_no_handshake_is_answered_or_begun()
    {
        using var a = new Node(1);
        using var b = new Node(2, configure: options => options with { AcceptIndex = (_, _) => false });
        var peerOfA = a.AddPeer(b);
        var peerOfB = b.AddPeer(a);
        a.Device.InitiateHandshake(peerOfA, b.Address, 0);
        Assert.Equal(DropReason.NoIndex, b.Receive(a.TakeOnly(), a, 0).DropReason);
        b.Device.InitiateHandshake(peerOfB, a.Address, 0);
        Assert.Empty(b.Sent);
        Assert.Equal(2, b.Device.DropCount(DropReason.NoIndex));
        Assert.Equal(0, b.Device.IndexCount);
    }

    [Fact]
    public void A_taken_index_is_not_given_twice()
    {
        using var node = new Node(1);
        using var other = new Node(2);
        var peer = node.AddPeer(other);
        var table = new IndexTable(8, new Stuck(), null);
        Assert.True(table.TryAssign(new ReservedIndex(peer)));
        Assert.False(table.TryAssign(new ReservedIndex(peer)));
        Assert.Equal(1, table.Count);
    }

    private sealed class Stuck : RandomSource
    {
        public override void Fill(Span<byte> destination) => destination.Fill(5);
    }
}
