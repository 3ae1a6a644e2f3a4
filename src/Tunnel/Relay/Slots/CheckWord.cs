using System.Buffers.Binary;

namespace Keyhole.Tunnel;

/// <summary>The last eight bytes of a journal record: they tell a whole record from a torn or an empty one. No defence against forgers.</summary>
internal static class CheckWord
{
    public const int Length = 8;

    private const ulong Offset = 0xCBF2_9CE4_8422_2325;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    public static void Write(Span<byte> record) => BinaryPrimitives.WriteUInt64LittleEndian(record[^Length..], Of(record[..^Length]));

    public static bool Matches(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt64LittleEndian(record[^Length..]) == Of(record[..^Length]);

    /// <summary>FNV-1a over words instead of bytes: never the zero of an unwritten record, whose sum is the offset multiplied.</summary>
    private static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Offset;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * Prime;
            hash ^= hash >> 32;
        }

        foreach (byte b in bytes)
            hash = (hash ^ b) * Prime;
        return hash;
    }
}
