namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>Streams in which every byte follows from the stream and the position, and none repeats within a window.</summary>
internal static class Noise
{
    private const int Period = 65_521;

    private static readonly byte[] Table = Make();

    public static void Write(Span<byte> bytes, int salt, long position) => At(salt, position, bytes.Length).CopyTo(bytes);

    public static bool Fits(ReadOnlySpan<byte> bytes, int salt, long position) => bytes.SequenceEqual(At(salt, position, bytes.Length));

    private static ReadOnlySpan<byte> At(int salt, long position, int length) => Table.AsSpan((int)((salt + position) % Period), length);

    private static byte[] Make()
    {
        byte[] table = new byte[Period + SlabPool.SlabSize];
        new Random(1).NextBytes(table.AsSpan(0, Period));
        table.AsSpan(0, SlabPool.SlabSize).CopyTo(table.AsSpan(Period));
        return table;
    }
}
