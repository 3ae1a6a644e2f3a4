namespace Keyhole.Lab;

/// <summary>What one direction of an emulated link does to its packets. Probabilities are from 0 to 1, times in microseconds.</summary>
public sealed record LinkConditions
{
    /// <summary>A link that only carries.</summary>
    public static LinkConditions Perfect { get; } = new();

    public long Delay { get; init; }

    public double Loss { get; init; }

    /// <summary>Share of the packets that take <see cref="ReorderDelay"/> longer, and so fall behind those that follow.</summary>
    public double Reorder { get; init; }

    public long ReorderDelay { get; init; }

    public double Duplicate { get; init; }

    /// <summary>Bits per second of the bottleneck; 0 for none.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>Packets that may be under way; what comes on top is dropped.</summary>
    public int QueueLimit { get; init; } = 4096;

    public int Seed { get; init; } = 1;
}
