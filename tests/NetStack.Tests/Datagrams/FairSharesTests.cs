namespace Keyhole.NetStack.Tests;

/// <summary>The constant-time bookkeeping against a naive twin that counts.</summary>
public class FairSharesTests
{
    [Fact]
    public void Victims_are_those_that_counting_would_choose()
    {
        int seed = Seed.FromEnvironment();
        var random = new Random(seed);
        for (int round = 0; round < 50; round++)
        {
            int maximum = random.Next(1, 40), perPeer = random.Next(1, 20);
            var shares = new FairShares<Item>(maximum, perPeer);
            var twin = new List<Item>();
            for (int step = 0; step < 500; step++)
            {
                int peer = random.Next(6);
                switch (random.Next(5))
                {
                    case 0 when twin.Count > 0:
                        var removed = twin[random.Next(twin.Count)];
                        shares.Remove(removed);
                        twin.Remove(removed);
                        break;
                    case 1 when twin.Count > 0:
                        var renewed = twin[random.Next(twin.Count)];
                        shares.Renew(renewed);
                        twin.Remove(renewed);
                        twin.Add(renewed);
                        break;
                    case 2 when twin.Find(item => !item.IsProven) is { } unproven:
                        unproven.IsProven = true;
                        shares.Prove(unproven);
                        twin.Remove(unproven);
                        twin.Add(unproven);
                        break;
                    default:
                        while (shares.VictimFor(peer) is { } victim)
                        {
                            CheckVictim(twin, victim, peer, maximum, perPeer, seed);
                            shares.Remove(victim);
                            twin.Remove(victim);
                        }

                        var added = new Item { Peer = peer };
                        shares.Add(added, peer);
                        twin.Add(added);
                        break;
                }

                Assert.True(twin.Count == shares.Count && twin.Count <= maximum, $"KEYHOLE_SEED={seed}");
                for (int each = 0; each < 6; each++)
                    Assert.True(shares.CountOf(each) == twin.Count(item => item.Peer == each) && shares.CountOf(each) <= perPeer, $"KEYHOLE_SEED={seed}");
            }
        }
    }

    private static void CheckVictim(List<Item> twin, Item victim, int peer, int maximum, int perPeer, int seed)
    {
        int own = twin.Count(item => item.Peer == peer);
        int greatest = twin.GroupBy(item => item.Peer).Max(group => group.Count());
        Assert.True(own == Math.Min(maximum, perPeer) || twin.Count == maximum, $"KEYHOLE_SEED={seed}: nobody had to give way");
        if (own == greatest || own == Math.Min(maximum, perPeer))
            Assert.True(victim.Peer == peer, $"KEYHOLE_SEED={seed}: the greatest holder took from another");
        else
            Assert.True(twin.Count(item => item.Peer == victim.Peer) == greatest, $"KEYHOLE_SEED={seed}: a small holder gave way");
        var expected = twin.Where(item => item.Peer == victim.Peer).OrderBy(item => item.IsProven).First();
        Assert.True(ReferenceEquals(expected, victim), $"KEYHOLE_SEED={seed}: not the oldest");
    }

    private sealed class Item : IShareholder<Item>
    {
        private AgeLink<Item> _link;

        public int Peer { get; init; }

        public bool IsProven { get; set; }

        PeerShare<Item>? IShareholder<Item>.Share { get; set; }

        ref AgeLink<Item> IShareholder<Item>.ShareLink => ref _link;
    }
}
