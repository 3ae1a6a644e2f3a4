namespace Keyhole.Net.Tests;

/// <summary>The seed of a random test: printed, and taken back from KEYHOLE_SEED.</summary>
internal static class Seeds
{
    internal static int Next()
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("KEYHOLE_SEED"), out int given) ? given : Environment.TickCount;
        Console.WriteLine($"KEYHOLE_SEED={seed}");
        return seed;
    }
}
