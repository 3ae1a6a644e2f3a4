using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// A TCP or UDP packet that a host left whole for its interface to cut (TSO, USO): one IP and one transport header, then the payload of many segments.
/// Each segment repeats the headers with its own lengths, sequence number, identification and checksums (RFC 9293, RFC 768, RFC 791).
/// </summary>
public readonly ref struct SuperPacket
{
    private const int TcpSequenceOffset = 4;
    private const int TcpFlagsOffset = 13;
    private const int TcpChecksumOffset = 16;
    private const int UdpLengthOffset = 4;
    private const int UdpChecksumOffset = 6;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _transport;
    private readonly int _payload;
    private readonly int _segmentSize;
    private readonly byte _protocol;

    private SuperPacket(ReadOnlySpan<byte> packet, int transport, int payload, int segmentSize, byte protocol)
    {
        _packet = packet;
        _transport = transport;
        _payload = payload;
        _segmentSize = segmentSize;
        _protocol = protocol;
    }

    /// <summary>Segments, at least 1.</summary>
    public int Count => Math.Max(1, (_packet.Length - _payload + _segmentSize - 1) / _segmentSize);

    /// <summary>False for what is no whole TCP or UDP packet.</summary>
    /// <param name="segmentSize">Payload bytes of every segment but the last.</param>
    public static bool TryParse(ReadOnlySpan<byte> packet, int segmentSize, out SuperPacket super)
    {
        super = default;
        if (segmentSize <= 0 || !IpView.TryParse(packet, out var ip) || ip.IsFragment || ip.TotalLength != packet.Length)
            return false;
        int header = ip.Protocol switch
        {
            IpProtocol.Tcp when TcpView.TryParse(ip.Payload, out var segment) => ip.Payload.Length - segment.Payload.Length,
            IpProtocol.Udp when ip.Payload.Length >= UdpHeader.Length => UdpHeader.Length,
            _ => 0,
        };
        if (header == 0)
            return false;
        super = new SuperPacket(packet, ip.HeaderLength, ip.HeaderLength + header, segmentSize, ip.Protocol);
        return true;
    }

    /// <summary>The same, with segments of TCP cut shorter where they exceed the MTU; datagrams stay what they are.</summary>
    /// <param name="mtu">Bytes of the longest IP packet.</param>
    public static bool TryParse(ReadOnlySpan<byte> packet, int segmentSize, int mtu, out SuperPacket super)
    {
        if (!TryParse(packet, segmentSize, out super))
            return false;
        int fits = mtu - super._payload;
        if (super._protocol == IpProtocol.Tcp && fits > 0 && segmentSize > fits)
            super = new SuperPacket(packet, super._transport, super._payload, fits, super._protocol);
        return true;
    }

    /// <summary>Bytes of one segment with its headers.</summary>
    public int LengthOf(int index) => _payload + Math.Min(_segmentSize, _packet.Length - _payload - index * _segmentSize);

    /// <summary>Writes one segment, complete, and returns its length.</summary>
    /// <exception cref="ArgumentException">The span is shorter than <see cref="LengthOf"/>.</exception>
    public int Write(int index, Span<byte> destination)
    {
        int length = LengthOf(index);
        int offset = index * _segmentSize;
        var segment = destination[..length];
        _packet[.._payload].CopyTo(segment);
        _packet.Slice(_payload + offset, length - _payload).CopyTo(segment[_payload..]);
        var (source, target) = WriteIp(segment, index);
        if (_protocol == IpProtocol.Tcp)
            WriteTcp(segment[_transport..], offset, isFirst: index == 0, isLast: index == Count - 1, source, target);
        else
            WriteUdp(segment[_transport..], source, target);
        return length;
    }

    /// <summary>
    /// Finishes a checksum that holds the sum of the pseudo header only, over all from <paramref name="start"/> on; false when that lies outside of the
    /// packet.
    /// </summary>
    /// <param name="offset">Of the checksum, from <paramref name="start"/>.</param>
    public static bool TryFinishChecksum(Span<byte> packet, int start, int offset)
    {
        if (start < 0 || offset < 0 || start + offset + sizeof(ushort) > packet.Length)
            return false;
        ushort checksum = Checksum.Finish(Checksum.Sum(packet[start..]));
        // In UDP zero says that there is none, and no other protocol minds (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(packet[(start + offset)..], checksum == 0 ? (ushort)0xFFFF : checksum);
        return true;
    }

    private static (IpAddress Source, IpAddress Target) WriteIp(Span<byte> segment, int index)
    {
        if (segment[0] >> 4 == 6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment[4..], (ushort)(segment.Length - Ipv6Header.Length));
            return (IpAddress.FromBytes(segment.Slice(8, 16)), IpAddress.FromBytes(segment.Slice(24, 16)));
        }

        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], (ushort)segment.Length);
        BinaryPrimitives.WriteUInt16BigEndian(segment[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(segment[4..]) + index));
        segment.Slice(10, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(segment[10..], Checksum.Finish(Checksum.Sum(segment[..((segment[0] & 0xF) * 4)])));
        return (IpAddress.FromBytes(segment.Slice(12, 4)), IpAddress.FromBytes(segment.Slice(16, 4)));
    }

    private static void WriteTcp(Span<byte> segment, int offset, bool isFirst, bool isLast, IpAddress source, IpAddress target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(
            segment[TcpSequenceOffset..], BinaryPrimitives.ReadUInt32BigEndian(segment[TcpSequenceOffset..]) + (uint)offset);
        var flags = (TcpFlags)segment[TcpFlagsOffset];
        if (!isFirst)
            flags &= ~TcpFlags.Cwr;
        if (!isLast)
            flags &= ~(TcpFlags.Fin | TcpFlags.Psh);
        segment[TcpFlagsOffset] = (byte)flags;
        segment.Slice(TcpChecksumOffset, sizeof(ushort)).Clear();
        TcpHeader.WriteChecksum(segment, source, target);
    }

    private static void WriteUdp(Span<byte> datagram, IpAddress source, IpAddress target)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram[UdpLengthOffset..], (ushort)datagram.Length);
        datagram.Slice(UdpChecksumOffset, sizeof(ushort)).Clear();
        ushort checksum = Checksum.Finish(Checksum.Sum(datagram, Checksum.Pseudo(source, target, IpProtocol.Udp, datagram.Length)));
        BinaryPrimitives.WriteUInt16BigEndian(datagram[UdpChecksumOffset..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
