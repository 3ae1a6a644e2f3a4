using FsCheck;

namespace Keyhole.Packets.Tests;

/// <summary>
/// How properties run: a failure prints its seed, and KEYHOLE_SEED="seed,gamma,size" (the numbers of that message) runs it again.
/// KEYHOLE_LONG=1 runs a hundred times as many.
/// </summary>
internal static class Seeded
{
    public static Config Runs(int count)
    {
        var config = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? count * 100 : count);
        if (Environment.GetEnvironmentVariable("KEYHOLE_SEED") is not { Length: > 0 } seed)
            return config;
        ulong[] parts = [.. seed.Split(',').Select(part => ulong.Parse(part, System.Globalization.CultureInfo.InvariantCulture))];
        return config.WithReplay(parts[0], parts[1], parts.Length > 2 ? (int)parts[2] : 0);
    }
}
