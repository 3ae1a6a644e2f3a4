namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>How an application treats its end of a connection.</summary>
internal sealed record Habits
{
    /// <summary>Bytes that it sends.</summary>
    public required long Length { get; init; }

    public required int LargestWrite { get; init; }

    public required int LargestRead { get; init; }

    /// <summary>Microseconds between turns, at most; 0 to act at once.</summary>
    public required long Pause { get; init; }

    /// <summary>A longer rest in between, once.</summary>
    public required long Rest { get; init; }

    /// <summary>Resets after this many bytes either way; -1 for never.</summary>
    public long AbortAfter { get; init; } = -1;

    /// <summary>Closes both directions when its own bytes are sent, whatever the other still has to say.</summary>
    public bool IsRude { get; init; }

    /// <summary>Sends nothing until the other has closed.</summary>
    public bool Listens { get; init; }

    public static Habits Random(Random random, bool mayListen)
    {
        long length = random.Next(8) switch
        {
            0 => 0,
            1 => random.Next(1, 10),
            7 => random.Next(50_000, 400_000),
            _ => random.Next(1, 40_000),
        };
        return new Habits
        {
            Length = length,
            LargestWrite = Math.Max(Size(random), (int)(length / 400)),
            LargestRead = Math.Max(Size(random), 200),
            Pause = random.Next(2) == 0 ? 0 : random.NextInt64(50_000),
            Rest = random.Next(8) == 0 ? random.NextInt64(90_000_000) : 0,
            AbortAfter = random.Next(12) == 0 ? random.NextInt64(length + 1) : -1,
            IsRude = random.Next(15) == 0,
            Listens = mayListen && random.Next(8) == 0,
        };
    }

    private static int Size(Random random) => random.Next(3) switch { 0 => random.Next(1, 50), 1 => random.Next(1, 3_000), _ => 16_384 };
}
