using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>Handshake initiation, 148 bytes (paper section 5.4.2).</summary>
public static class InitiationMessage
{
    public const int Length = 148;
    public const int SenderIndexOffset = 4;
    public const int EphemeralOffset = 8;
    public const int StaticOffset = 40;
    public const int TimestampOffset = 88;
    public const int Mac1Offset = 116;
    public const int Mac2Offset = 132;

    internal const int SealedStaticLength = 48;
    internal const int SealedTimestampLength = 28;

    /// <summary>The initiator's index; the span holds at least 8 bytes.</summary>
    public static uint SenderIndex(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram[SenderIndexOffset..]);
}
