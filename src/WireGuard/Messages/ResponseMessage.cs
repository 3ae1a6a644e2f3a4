using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>Handshake response, 92 bytes (paper section 5.4.3).</summary>
public static class ResponseMessage
{
    public const int Length = 92;
    public const int SenderIndexOffset = 4;
    public const int ReceiverIndexOffset = 8;
    public const int EphemeralOffset = 12;
    public const int EmptyOffset = 44;
    public const int Mac1Offset = 60;
    public const int Mac2Offset = 76;

    /// <summary>The responder's index; the span holds at least 8 bytes.</summary>
    public static uint SenderIndex(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram[SenderIndexOffset..]);

    /// <summary>The index of the initiation that is answered; the span holds at least 12 bytes.</summary>
    public static uint ReceiverIndex(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram[ReceiverIndexOffset..]);
}
