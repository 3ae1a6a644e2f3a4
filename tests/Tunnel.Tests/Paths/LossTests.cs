using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Paths;

public class LossTests
{
    [Fact]
    [Trait("Promise", "A12")]
    public void Loss_of_a_fifth_costs_its_share_and_neither_the_path_nor_a_second_of_silence()
    {
        int seed = TestSeed.Next();
        for (int round = 0; round < 5; round++)
        {
            using var world = new PathWorld(seed: seed + round);
            world.Until(() => world.Path == PathKind.Direct, 3 * Second);
            world.Loss = 0.2;
            var (answered, lastAt) = (0, world.World.Now);
            for (int packet = 0; packet < 1_000; packet++)
            {
                if (world.Asks((ushort)(1024 + packet), 50 * Millisecond))
                {
                    answered++;
                    lastAt = world.World.Now;
                }

                Assert.True(world.World.Now - lastAt < Second, $"KEYHOLE_SEED={seed} round {round}: silence after {packet} packets");
            }

            Assert.InRange(answered, 550, 730);
            Assert.Equal(0, world.World.State.Connectors(world.World.Now).Single().LostPaths);
        }
    }
}
