using System.Globalization;
using FsCheck;

namespace Keyhole.Tests;

/// <summary>
/// How properties run: a failure prints its seed, and KEYHOLE_SEED="seed,gamma,size" (the numbers of that message) runs it again.
/// KEYHOLE_LONG=1 runs a hundred times as many, from anywhere.
/// </summary>
internal static class Seeded
{
    public static Config Runs(int count)
    {
        var config = Config.QuickThrowOnFailure.WithMaxTest(TestSeed.IsLong ? count * 100 : count);
        if (Environment.GetEnvironmentVariable("KEYHOLE_SEED") is { Length: > 0 } seed && seed.Contains(','))
        {
            ulong[] parts = [.. seed.Split(',').Select(part => ulong.Parse(part, CultureInfo.InvariantCulture))];
            return config.WithReplay(parts[0], parts[1], parts.Length > 2 ? (int)parts[2] : 0);
        }

        return TestSeed.IsLong ? config : config.WithReplay((ulong)TestSeed.Next(), 1);
    }
}
