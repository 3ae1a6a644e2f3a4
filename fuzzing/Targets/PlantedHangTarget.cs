namespace Keyhole.Fuzz;

/// <summary>A known-bad door: an option of length 0 is never passed. Only to show that the harness ends it.</summary>
internal sealed class PlantedHangTarget : IFuzzTarget
{
    public string Name => "planted-hang";

    public string Door => "a parser that does not advance: a hang";

    public IEnumerable<(string Name, byte[] Input)> Seeds => [("valid", [2, 9, 3, 9, 9])];

    public ulong Run(Span<byte> input)
    {
        int count = 0;
        for (int at = 0; at < input.Length; count++)
            at += input[at];
        return (ulong)count;
    }
}
