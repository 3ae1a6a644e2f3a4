using System.Globalization;
using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

/// <summary>A seed of random tests: printed, and taken from KEYHOLE_SEED to run a case again.</summary>
internal static class Seed
{
    public static int Take(ITestOutputHelper output)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("KEYHOLE_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : Random.Shared.Next();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        Console.WriteLine($"KEYHOLE_SEED={seed}");
        return seed;
    }
}
