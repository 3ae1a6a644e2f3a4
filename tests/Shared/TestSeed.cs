using System.Globalization;

namespace Keyhole.Tests;

/// <summary>
/// Where random tests start: KEYHOLE_SEED; with KEYHOLE_LONG=1 anywhere; otherwise always at the same place, so that the verdict over a commit is not a
/// matter of chance.
/// </summary>
internal static class TestSeed
{
    private const int Ordinary = 20_261_120;

    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1";

    /// <summary>The number in KEYHOLE_SEED, if there is one.</summary>
    public static int? Given { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("KEYHOLE_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : null;

    /// <summary>A seed for one test. Say it when the test fails.</summary>
    public static int Next() => Given ?? (IsLong ? Random.Shared.Next(0x3FFF_FFFF) : Ordinary);
}
