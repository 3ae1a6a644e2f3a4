namespace Keyhole.Perf;

/// <summary>One load: how long datagrams are, of how many flows, and how many of one flow come together.</summary>
/// <param name="IsCloud">Whether super-packets pass the links whole.</param>
internal sealed record FloodCell(bool IsCloud, int Size, int FlowCount, int Burst)
{
    internal static IReadOnlyList<FloodCell> All { get; } =
    [
        new(true, 1420, 1, 64), new(true, 1420, 64, 64), new(true, 96, 1, 64), new(true, 96, 64, 64),
        new(false, 1420, 1, 4), new(false, 1420, 1, 16), new(false, 1420, 1, 46), new(false, 1420, 64, 4), new(false, 1420, 64, 16), new(false, 1420, 64, 46),
        new(false, 96, 1, 16), new(false, 96, 64, 16),
    ];
}
