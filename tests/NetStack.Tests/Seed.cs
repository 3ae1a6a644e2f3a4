namespace Keyhole.NetStack.Tests;

/// <summary>The seed of random tests: KEYHOLE_SEED, or the clock. Tests name it when they fail.</summary>
internal static class Seed
{
    public static int FromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("KEYHOLE_SEED"), out int seed) ? seed : Environment.TickCount;
}
