using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Paths;

/// <summary>
/// Networks by the dice: translators, loss, reordering, blockades. <see cref="PathWorld"/> holds every datagram that passes the relay by against rules 15
/// and 17 as it leaves.
/// </summary>
public class PathPropertyTests
{
    private static readonly int s_worldCount = TestSeed.IsLong ? 500 : 25;

    [Fact]
    [Trait("Promise", "A9"), Trait("Promise", "A12"), Trait("Threat", "12")]
    public void Whatever_the_network_does_data_finds_its_way_and_strangers_get_no_more_than_a_few_pings()
    {
        int seed = TestSeed.Next();
        for (int round = 0; round < s_worldCount; round++)
        {
            var random = new Random(seed + round);
            var (laptop, office) = (Any(random), Any(random));
            bool sameLan = random.Next(5) == 0;
            string what = $"KEYHOLE_SEED={seed} round {round}: {laptop}, {office}, {(sameLan ? "one network" : "two networks")}";
            using var world = new PathWorld(laptop.Mapping, laptop.Filtering, office.Mapping, office.Filtering, sameLan, seed: seed + round);
            world.World.Latency = _ => random.Next(1, 40) * Millisecond;
            world.Loss = random.NextDouble() * 0.2;
            for (int period = 0; period < 6; period++)
            {
                world.AllowsDirect = random.Next(3) > 0;
                for (int packet = random.Next(100); packet >= 0; packet--)
                    world.Asks((ushort)random.Next(1024, 65_536), 50 * Millisecond);
                world.World.Run(random.Next(20) * Second);
                if (random.Next(4) == 0)
                    world.LaptopNat.Rebind();
            }

            // Left in peace, it works, and directly where that can be told beforehand.
            (world.Loss, world.AllowsDirect) = (0, true);
            for (int second = 0; second < 45; second++)
                world.Asks((ushort)(second + 1024), Second);
            Assert.True(world.Asks(5000), what);
            if (sameLan)
                Assert.True(world.Path == PathKind.Local, $"{what}: {world.Path}");
            else if (laptop.Mapping == NatBehaviour.EndpointIndependent && office.Mapping == NatBehaviour.EndpointIndependent)
                Assert.True(world.Path == PathKind.Direct, $"{what}: {world.Path}");
            Assert.Equal(world.Path == PathKind.Relayed ? 0 : 1, world.World.Office1.State.DirectCount);
        }
    }

    private static (NatBehaviour Mapping, NatBehaviour Filtering) Any(Random random) => ((NatBehaviour)random.Next(3), (NatBehaviour)random.Next(3));
}
