using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>Cookie reply, 64 bytes (paper section 5.4.7).</summary>
public static class CookieReplyMessage
{
    public const int Length = 64;
    public const int ReceiverIndexOffset = 4;
    public const int NonceOffset = 8;
    public const int NonceLength = 24;
    public const int CookieOffset = 32;

    /// <summary>The sender index of the message that is answered; the span holds at least 8 bytes.</summary>
    public static uint ReceiverIndex(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32LittleEndian(datagram[ReceiverIndexOffset..]);
}
