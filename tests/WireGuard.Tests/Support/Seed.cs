using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

/// <summary>A seed of random tests: printed, and taken from KEYHOLE_SEED to run a case again.</summary>
internal static class Seed
{
    public static int Take(ITestOutputHelper output)
    {
        int seed = TestSeed.Next();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        Console.WriteLine($"KEYHOLE_SEED={seed}");
        return seed;
    }
}
