using Keyhole.Packets;
using Xunit.Abstractions;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class TableTests(ITestOutputHelper output)
{
    [Fact]
    public void Connections_agree_with_a_dictionary()
    {
        int seed = Seed.FromEnvironment();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        var random = new Random(seed);
        var table = new ConnectionTable(random.NextInt64() is var key ? (ulong)key : 0);
        var naive = new Dictionary<FlowKey, Connection>();
        for (int step = 0; step < 20_000; step++)
        {
            var flow = TcpPair.KeyOf(random.Next(1, 600));
            switch (random.Next(3))
            {
                case 0:
                    var entry = new Entry { IncomingKey = flow };
                    table.Set(entry);
                    naive[flow] = entry;
                    break;
                case 1:
                    table.Remove(flow);
                    naive.Remove(flow);
                    break;
                default:
                    Assert.Same(naive.GetValueOrDefault(flow), table.Find(flow));
                    break;
            }

            Assert.Equal(naive.Count, table.Count);
        }

        foreach (var (flow, entry) in naive)
            Assert.Same(entry, table.Find(flow));
    }

    [Fact]
    [Trait("Pitfall", "P27")]
    public void The_oldest_time_wait_gives_way_and_all_expire()
    {
        var table = new TimeWaitTable(maximum: 100, duration: 60, hashKey: 1);
        for (int i = 1; i <= 250; i++)
            table.Add(TcpPair.KeyOf(i), 1, (uint)i, 0, false, 0, 0, now: i);
        Assert.Equal(100, table.Count);
        table.Find(TcpPair.KeyOf(150), out bool found);
        Assert.False(found);
        Assert.Equal(151u, table.Find(TcpPair.KeyOf(151), out found).SndNxt);
        Assert.True(found);
        Assert.Equal(151 + 60, table.NextDeadline);
        table.Expire(200 + 60);
        Assert.Equal(50, table.Count);
        table.Expire(250 + 60);
        Assert.Equal((0, long.MaxValue), (table.Count, table.NextDeadline));
    }

    [Fact]
    [Trait("Pitfall", "P27")]
    public void Reuse_of_one_port_does_not_grow_the_table()
    {
        var table = new TimeWaitTable(maximum: 100, duration: 60_000_000, hashKey: 1);
        for (int i = 1; i <= 100_000; i++)
        {
            table.Add(TcpPair.KeyOf(7), 1, (uint)i, 0, false, 0, 0, now: i);
            table.Remove(TcpPair.KeyOf(7));
        }

        table.Add(TcpPair.KeyOf(8), 1, 8, 0, false, 0, 0, now: 1);
        Assert.Equal(1, table.Count);
        Assert.Equal(8u, table.Find(TcpPair.KeyOf(8), out _).SndNxt);
    }

    [Fact]
    public void Sip_hash_gives_the_vectors_of_its_paper()
    {
        // Appendix A: key 00 to 0f, message 00 to 0e.
        byte[] bytes = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Assert.Equal(0xa129ca6149be45e5, new SipHash(bytes).Hash(bytes.AsSpan(0, 15)));
        Assert.Equal(0x726fdb47dd0e0e31ul, new SipHash(bytes).Hash(default(ReadOnlySpan<byte>)));
    }

    [Fact]
    public void A_peer_opens_its_burst_at_once_and_its_rate_afterwards()
    {
        var account = new PeerAccount();
        long now = 5_000_000;
        Assert.Equal(500, Enumerable.Range(0, 1_000).Count(_ => account.TryTakeSyn(100, 500, now)));
        now += 100_000;
        Assert.Equal(10, Enumerable.Range(0, 1_000).Count(_ => account.TryTakeSyn(100, 500, now)));
        now += 3_600_000_000;
        Assert.Equal(500, Enumerable.Range(0, 1_000).Count(_ => account.TryTakeSyn(100, 500, now)));
    }

    private sealed class Entry : Connection
    {
        internal override void Expire(long now)
        {
        }
    }
}
