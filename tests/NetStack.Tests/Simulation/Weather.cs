using System.Globalization;

namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>What a path does to packets. Probabilities from 0 to 1, times in microseconds.</summary>
internal sealed record Weather
{
    public double Loss { get; init; }

    public double Duplication { get; init; }

    public double Reordering { get; init; }

    /// <summary>Of one bit of a segment, which its checksum notices.</summary>
    public double Corruption { get; init; }

    public long Delay { get; init; }

    public long Jitter { get; init; }

    /// <summary>Bytes per second; 0 for no limit.</summary>
    public long Rate { get; init; }

    /// <summary>Packets that wait for the rate; what comes on top is lost.</summary>
    public int Queue { get; init; } = int.MaxValue;

    /// <summary>Every packet arrives, sooner or later.</summary>
    public bool IsFair => Loss == 0 && Corruption == 0 && (Rate == 0 || Queue == int.MaxValue);

    public static Weather Random(Random random)
    {
        double Sometimes(double chance, double greatest) => random.NextDouble() < chance ? random.NextDouble() * greatest : 0;
        bool shaped = random.Next(3) == 0;
        return new Weather
        {
            Loss = Sometimes(0.6, random.Next(4) == 0 ? 0.3 : 0.05),
            Duplication = Sometimes(0.3, 0.1),
            Reordering = Sometimes(0.4, 0.3),
            Corruption = Sometimes(0.2, 0.03),
            Delay = random.Next(4) switch { 0 => random.Next(20, 500), 3 => random.Next(50_000, 300_000), _ => random.Next(500, 50_000) },
            Jitter = random.Next(3) == 0 ? random.Next(1, 30_000) : 0,
            Rate = shaped ? random.Next(20_000, 2_000_000) : 0,
            Queue = shaped && random.Next(2) == 0 ? random.Next(8, 200) : int.MaxValue,
        };
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"loss {Loss:P1} duplication {Duplication:P1} reordering {Reordering:P1} corruption {Corruption:P1} delay {Delay} jitter {Jitter} rate {Rate} queue {Queue}");
}
