namespace Keyhole.Net.Tests;

/// <summary>The seed of a random test: printed, and taken back from KEYHOLE_SEED.</summary>
internal static class Seeds
{
    internal static int Next()
    {
        int seed = TestSeed.Next();
        Console.WriteLine($"KEYHOLE_SEED={seed}");
        return seed;
    }
}
