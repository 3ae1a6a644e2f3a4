using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// A flow through the gateway as a restart must know it: without it, a server that pushes to a client which only listens would be cut off.
/// <code>
/// 0 used (1) | 1 protocol (1) | 2 source port (2) | 4 destination port (2) | 8 client slot (4) | 12 connector slot (4) | 16 source (16) | 32 destination (16) | 56 check (8)
/// </code>
/// </summary>
public readonly record struct FlowRecord(FlowKey Key, int ClientSlot, int ConnectorSlot)
{
    /// <summary>In bytes.</summary>
    public const int Length = 64;

    /// <summary>False for an empty or torn record.</summary>
    public static bool TryRead(ReadOnlySpan<byte> record, out FlowRecord flow)
    {
        flow = default;
        if (record[0] != 1 || !CheckWord.Matches(record[..Length]))
            return false;
        flow = new FlowRecord(
            new FlowKey(
                record[1],
                IpAddress.FromBytes(record.Slice(16, 16)),
                BinaryPrimitives.ReadUInt16BigEndian(record[2..]),
                IpAddress.FromBytes(record.Slice(32, 16)),
                BinaryPrimitives.ReadUInt16BigEndian(record[4..])),
            BinaryPrimitives.ReadInt32LittleEndian(record[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[12..]));
        return true;
    }

    public void Write(Span<byte> record)
    {
        record[..Length].Clear();
        record[0] = 1;
        record[1] = Key.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], Key.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], Key.DestinationPort);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], ClientSlot);
        BinaryPrimitives.WriteInt32LittleEndian(record[12..], ConnectorSlot);
        Key.Source.Write16To(record[16..]);
        Key.Destination.Write16To(record[32..]);
        CheckWord.Write(record[..Length]);
    }
}
