using System.Buffers.Binary;

namespace Keyhole.Relay;

/// <summary>
/// The first page of a <see cref="JournalFile"/>. A file whose header is not exactly the one expected, its boot aside, is an empty one.
/// <code>
/// 0 magic (8) | 8 layout (4) | 12 slot records (4) | 16 flow records (4) | 20 entry records (4) | 24 public key of the relay (32) | 64 boot (16)
/// </code>
/// </summary>
internal static class JournalHeader
{
    /// <summary>A page, so that records are aligned.</summary>
    public const int Length = 4096;

    public const int BootOffset = 64;
    public const int BootLength = 16;

    private const uint Layout = 2;

    /// <summary>Writes all but the boot.</summary>
    public static void Write(Span<byte> header, int slotRecords, int flowRecords, int entryRecords, ReadOnlySpan<byte> publicKey)
    {
        header[..BootOffset].Clear();
        "keyhole\0"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Layout);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], slotRecords);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], flowRecords);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], entryRecords);
        publicKey.CopyTo(header[24..]);
    }
}
