using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>Writes UDP headers (RFC 768).</summary>
public static class UdpHeader
{
    /// <summary>In bytes.</summary>
    public const int Length = 8;

    /// <summary>Writes the header in front of a payload that already stands at byte 8; the span is the whole datagram.</summary>
    /// <exception cref="ArgumentException">The span is shorter than 8 bytes.</exception>
    public static void Write(Span<byte> datagram, IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort)
    {
        if (datagram.Length < Length)
            Throw.TooShort(nameof(datagram), Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(datagram.Length, ushort.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        datagram[6..8].Clear();
        ushort checksum = Checksum.Finish(
            Checksum.Sum(datagram, Checksum.Pseudo(source, destination, IpProtocol.Udp, datagram.Length)));

        // RFC 768: a computed zero is sent as all ones, since zero says "no checksum".
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }
}
