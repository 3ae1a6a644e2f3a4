using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>Writes ICMP (RFC 792) and ICMPv6 (RFC 4443) messages; the address family says which.</summary>
public static class IcmpMessage
{
    /// <summary>Of both families, in bytes.</summary>
    public const int HeaderLength = 8;

    /// <summary>Writes an echo request in front of data that already stands at byte 8; the span is the whole message.</summary>
    public static void WriteEchoRequest(Span<byte> message, IpAddress source, IpAddress destination, ushort identifier, ushort sequenceNumber) =>
        Write(message, source, destination, source.IsIpv4 ? IcmpType.EchoRequest : Icmpv6Type.EchoRequest, 0, (uint)identifier << 16 | sequenceNumber);

    /// <summary>Writes an echo reply in front of data that already stands at byte 8; the span is the whole message.</summary>
    public static void WriteEchoReply(Span<byte> message, IpAddress source, IpAddress destination, ushort identifier, ushort sequenceNumber) =>
        Write(message, source, destination, source.IsIpv4 ? IcmpType.EchoReply : Icmpv6Type.EchoReply, 0, (uint)identifier << 16 | sequenceNumber);

    /// <summary>
    /// Writes type, code, checksum and the four bytes <paramref name="rest"/> in front of a body that already stands at byte 8.
    /// </summary>
    /// <exception cref="ArgumentException">The span is shorter than 8 bytes.</exception>
    public static void Write(Span<byte> message, IpAddress source, IpAddress destination, byte type, byte code, uint rest)
    {
        if (message.Length < HeaderLength)
            Throw.TooShort(nameof(message), HeaderLength);
        message[0] = type;
        message[1] = code;
        message[2..4].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], rest);
        ulong pseudo = source.IsIpv4 ? 0 : Checksum.Pseudo(source, destination, IpProtocol.Icmpv6, message.Length);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum.Finish(Checksum.Sum(message, pseudo)));
    }
}
