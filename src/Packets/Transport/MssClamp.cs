using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// Lowers the maximum segment size that a TCP SYN asks for (RFC 9293 section 3.7.1) to what fits into a link that neither end knows of, so that no segment depends
/// on an ICMP error that somebody filters.
/// </summary>
public static class MssClamp
{
    private const int Ipv6HeaderLength = 40;
    private const int FlagsOffset = 13;
    private const int ChecksumOffset = 16;
    private const byte EndOfList = 0, NoOperation = 1, MssKind = 2, MssLength = 4;

    /// <summary>
    /// Changes the option and the checksum in place. False when nothing was changed: no SYN, no option, a small one already, a fragment, extension headers,
    /// or options that are malformed.
    /// </summary>
    /// <param name="packet">An IPv4 or IPv6 packet of any content.</param>
    /// <param name="mtu">The link's MTU, headers included.</param>
    public static bool TryApply(Span<byte> packet, int mtu)
    {
        int header = TcpOffset(packet);
        if (header < 0 || packet.Length - header < TcpHeader.MinimumLength || ((TcpFlags)packet[header + FlagsOffset] & TcpFlags.Syn) == 0)
            return false;
        var segment = packet[header..];
        int headerLength = (segment[12] >> 4) * 4;
        if (headerLength > segment.Length)
            return false;
        int offset = ValueOffset(segment, headerLength);
        int maximum = mtu - header - TcpHeader.MinimumLength;
        if (offset < 0 || maximum <= 0 || BinaryPrimitives.ReadUInt16BigEndian(segment[offset..]) <= maximum)
            return false;

        // The checksum counts words at even offsets. At an odd one the value lies in two of them, at an even one the kind and length come before it.
        var words = segment.Slice(offset - ((offset & 1) == 0 ? 2 : 1), 4);
        uint before = BinaryPrimitives.ReadUInt32BigEndian(words);
        BinaryPrimitives.WriteUInt16BigEndian(segment[offset..], (ushort)maximum);
        var checksum = segment[ChecksumOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(checksum, Checksum.Update(BinaryPrimitives.ReadUInt16BigEndian(checksum), before, BinaryPrimitives.ReadUInt32BigEndian(words)));
        return true;
    }

    /// <summary>A TCP segment with SYN.</summary>
    public static bool IsSyn(ReadOnlySpan<byte> packet)
    {
        int header = TcpOffset(packet);
        return header >= 0 && packet.Length - header >= TcpHeader.MinimumLength && ((TcpFlags)packet[header + FlagsOffset] & TcpFlags.Syn) != 0;
    }

    private static int TcpOffset(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Ipv4Header.MinimumLength)
            return -1;
        if (packet[0] >> 4 == 6)
            return packet.Length >= Ipv6HeaderLength && packet[6] == IpProtocol.Tcp ? Ipv6HeaderLength : -1;
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        int length = (packet[0] & 0xF) * 4;
        return packet[0] >> 4 == 4 && packet[9] == IpProtocol.Tcp && !isFragment && length >= Ipv4Header.MinimumLength ? length : -1;
    }

    private static int ValueOffset(ReadOnlySpan<byte> segment, int headerLength)
    {
        for (int at = TcpHeader.MinimumLength; at < headerLength;)
        {
            if (segment[at] == EndOfList)
                return -1;
            if (segment[at] == NoOperation)
            {
                at++;
                continue;
            }

            int length = at + 1 < headerLength ? segment[at + 1] : 0;
            if (length < 2 || at + length > headerLength)
                return -1;
            if (segment[at] == MssKind)
                return length == MssLength ? at + 2 : -1;
            at += length;
        }

        return -1;
    }
}
