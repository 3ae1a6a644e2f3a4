using System.Buffers.Binary;

namespace Keyhole.Tunnel;

/// <summary>
/// The two forwarding entries of a session as a restart must know them, so that it goes on without a new handshake (docs/protocol.md, rule 23).
/// <code>
/// 0 client slot (4) | 4 connector slot (4) | 8 client's index (4) | 12 connector's index (4) | 16 deadline (8), 0 for none | 24 check (8)
/// </code>
/// </summary>
/// <param name="ClientIndex">Chosen by the client; the connector's datagrams carry it.</param>
/// <param name="ConnectorIndex">Chosen by the connector; the client's datagrams carry it.</param>
/// <param name="Deadline">Monotonic microseconds of this boot.</param>
public readonly record struct EntryRecord(int ClientSlot, int ConnectorSlot, uint ClientIndex, uint ConnectorIndex, long Deadline)
{
    /// <summary>In bytes.</summary>
    public const int Length = 32;

    /// <summary>False for an empty or torn record.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out EntryRecord entry)
    {
        entry = default;
        long deadline = BinaryPrimitives.ReadInt64LittleEndian(record[16..]);
        if (deadline == 0 || !CheckWord.Matches(record[..Length]))
            return false;
        entry = new EntryRecord(
            BinaryPrimitives.ReadInt32LittleEndian(record),
            BinaryPrimitives.ReadInt32LittleEndian(record[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(record[12..]),
            deadline);
        return true;
    }

    public void Write(Span<byte> record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, ClientSlot);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], ConnectorSlot);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], ClientIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], ConnectorIndex);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], Deadline);
        CheckWord.Write(record[..Length]);
    }
}
