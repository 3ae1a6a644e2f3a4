using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>Transport data: a 16-byte header, the sealed packet, a 16-byte tag (paper section 5.4.6).</summary>
public static class TransportMessage
{
    public const int ReceiverIndexOffset = 4;
    public const int CounterOffset = 8;

    /// <summary>Where the sealed packet begins.</summary>
    public const int PacketOffset = 16;

    public const int TagLength = 16;

    /// <summary>What sealing adds to a packet besides padding. A datagram of this length is a keepalive.</summary>
    public const int Overhead = PacketOffset + TagLength;

    /// <summary>Packets are padded to a multiple of this, never above the MTU (paper section 5.4.6).</summary>
    public const int PaddingMultiple = 16;

    /// <summary>The receiver's index; the span holds at least 8 bytes.</summary>
    public static uint ReceiverIndex(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram[ReceiverIndexOffset..]);

    /// <summary>The nonce counter; the span holds at least 16 bytes.</summary>
    public static ulong Counter(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt64LittleEndian(datagram[CounterOffset..]);

    /// <summary>The length to which a packet of <paramref name="length"/> bytes is padded under this MTU.</summary>
    public static int PaddedLength(int length, int mtu)
    {
        int padded = (length + PaddingMultiple - 1) & -PaddingMultiple;
        return padded <= mtu ? padded : Math.Max(length, mtu);
    }

    internal static void WriteHeader(Span<byte> datagram, uint receiverIndex, ulong counter)
    {
        Message.WriteType(datagram, MessageType.TransportData);
        BinaryPrimitives.WriteUInt32LittleEndian(datagram[ReceiverIndexOffset..], receiverIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(datagram[CounterOffset..], counter);
    }
}
