using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

public class TimerHeapTests(ITestOutputHelper output)
{
    [Fact]
    public void Peers_come_up_in_the_order_of_their_earliest_deadlines()
    {
        var random = new Random(Seed.Take(output));
        using var node = new Node(1);
        var peers = Keys.Silent(64).Select(key => node.Device.AddPeer(new PeerOptions { PublicKey = key })).ToArray();
        var heap = new TimerHeap();
        var naive = new Dictionary<Peer, long>();
        for (int step = 0; step < 20_000; step++)
        {
            var peer = peers[random.Next(peers.Length)];
            switch (random.Next(4))
            {
                case < 2:
                    long at = random.Next(1000);
                    heap.Schedule(peer, at);
                    naive[peer] = naive.TryGetValue(peer, out long before) ? Math.Min(before, at) : at;
                    break;
                case 2:
                    heap.Remove(peer);
                    naive.Remove(peer);
                    break;
                default:
                    if (heap.First is { } first)
                    {
                        Assert.Equal(naive.Values.Min(), naive[first]);
                        heap.Remove(first);
                        naive.Remove(first);
                    }

                    break;
            }

            Assert.Equal(naive.Count, heap.Count);
            Assert.Equal(naive.Count == 0 ? long.MaxValue : naive.Values.Min(), heap.Earliest);
        }

        // The device looks for its peers in its own heap.
        foreach (var peer in peers)
            heap.Remove(peer);
        Assert.Null(heap.First);
    }
}
