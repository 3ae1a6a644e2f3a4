namespace Keyhole.Fuzz;

/// <summary>A known-bad door: it throws for a three-byte condition. Only to show that the harness finds it.</summary>
internal sealed class PlantedExceptionTarget : IFuzzTarget
{
    public string Name => "planted-exception";

    public string Door => "a parser that trusts a length: an exception";

    public IEnumerable<(string Name, byte[] Input)> Seeds => [("valid", [0x4B, 3, 1, 2, 3])];

    public ulong Run(Span<byte> input)
    {
        if (input.Length < 2 || input[0] != 0x4B)
            return 0;
        return input.Slice(2, input[1]).IsEmpty ? 1u : 2u;
    }
}
