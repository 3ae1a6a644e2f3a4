using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>Writes TCP headers (RFC 9293 section 3.1).</summary>
public static class TcpHeader
{
    public const int MinimumLength = 20;
    public const int MaximumLength = 60;

    /// <summary>
    /// Writes a header with its options and returns its length. The checksum is left zero for <see cref="WriteChecksum(Span{byte}, IpAddress, IpAddress)"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The span is too short.</exception>
    public static int Write(
        Span<byte> header,
        ushort sourcePort,
        ushort destinationPort,
        uint sequenceNumber,
        uint acknowledgmentNumber,
        TcpFlags flags,
        ushort window,
        in TcpOptions options)
    {
        if (header.Length < MinimumLength)
            Throw.TooShort(nameof(header), MinimumLength);
        int length = MinimumLength + options.Write(header[MinimumLength..]);
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], sequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], acknowledgmentNumber);
        header[12] = (byte)(length / 4 << 4);
        header[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], window);
        header[16..20].Clear();
        return length;
    }

    /// <summary>Sums header and payload and writes the checksum.</summary>
    public static void WriteChecksum(Span<byte> segment, IpAddress source, IpAddress destination)
    {
        segment[16..18].Clear();
        WriteChecksum(segment, Checksum.Sum(segment, Checksum.Pseudo(source, destination, IpProtocol.Tcp, segment.Length)));
    }

    /// <summary>Writes the checksum from a sum that already covers pseudo header, header with zero checksum, and payload.</summary>
    public static void WriteChecksum(Span<byte> header, ulong sum) =>
        BinaryPrimitives.WriteUInt16BigEndian(header[16..], Checksum.Finish(sum));
}
