using System.Buffers.Binary;

namespace Keyhole.WireGuard;

/// <summary>What every WireGuard datagram shares: type, three zero bytes, and an index (paper section 5.4).</summary>
public static class Message
{
    /// <summary>A transport message around no payload: the shortest of all.</summary>
    public const int MinimumLength = TransportMessage.Overhead;

    /// <summary>Offset of the index that a datagram carries first: sender's for an initiation and a response, receiver's otherwise.</summary>
    public const int IndexOffset = 4;

    /// <summary>Length of mac1 and of mac2.</summary>
    public const int MacLength = 16;

    /// <summary>
    /// The type of a datagram whose reserved bytes are zero and whose length fits its type; <see cref="MessageType.None"/> otherwise.
    /// </summary>
    public static MessageType TypeOf(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < MinimumLength)
            return MessageType.None;
        return BinaryPrimitives.ReadUInt32LittleEndian(datagram) switch
        {
            (uint)MessageType.TransportData => MessageType.TransportData,
            (uint)MessageType.HandshakeInitiation when datagram.Length == InitiationMessage.Length => MessageType.HandshakeInitiation,
            (uint)MessageType.HandshakeResponse when datagram.Length == ResponseMessage.Length => MessageType.HandshakeResponse,
            (uint)MessageType.CookieReply when datagram.Length == CookieReplyMessage.Length => MessageType.CookieReply,
            _ => MessageType.None,
        };
    }

    internal static void WriteType(Span<byte> datagram, MessageType type) => BinaryPrimitives.WriteUInt32LittleEndian(datagram, (uint)type);
}
