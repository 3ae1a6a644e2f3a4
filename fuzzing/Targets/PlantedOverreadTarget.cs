using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Keyhole.Fuzz;

/// <summary>A known-bad door: it reads eight bytes where there may be fewer, as a vector would. Only the unmapped page shows it.</summary>
internal sealed class PlantedOverreadTarget : IFuzzTarget
{
    public string Name => "planted-overread";

    public string Door => "a parser that reads past the end: a crash";

    public IEnumerable<(string Name, byte[] Input)> Seeds => [("valid", [1, 2, 3, 4, 5, 6, 7, 8, 9])];

    public ulong Run(Span<byte> input) =>
        input.Length < 4 ? 0 : Unsafe.ReadUnaligned<ulong>(ref MemoryMarshal.GetReference(input)) == 0 ? 1u : 2u;
}
