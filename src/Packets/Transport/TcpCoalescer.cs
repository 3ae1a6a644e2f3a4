using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// Joins TCP segments that follow each other in one flow into a packet of up to 64 KiB, for an interface that takes them whole (TSO): the way back of
/// <see cref="SuperPacket"/>. Segments are joined when nothing but sequence number, identification, checksums and PSH tells their headers apart, all but the
/// last are equally long, and only the last has PSH.
/// </summary>
/// <param name="headRoom">Bytes in front of the packet that are the caller's.</param>
public sealed class TcpCoalescer(int headRoom)
{
    /// <summary>Where the checksum is, from <see cref="TransportOffset"/>.</summary>
    public const int ChecksumOffset = 16;

    private const int MaximumLength = ushort.MaxValue;
    private const int TcpSequenceOffset = 4;
    private const int TcpFlagsOffset = 13;

    private readonly byte[] _buffer = GC.AllocateArray<byte>(headRoom + MaximumLength, pinned: true);
    private int _length;
    private int _transport;
    private int _payload;
    private uint _nextSequence;
    private bool _isClosed;

    public bool IsEmpty => _length == 0;

    /// <summary>Segments that were joined.</summary>
    public int Count { get; private set; }

    /// <summary>Payload bytes of every segment but the last.</summary>
    public int SegmentSize { get; private set; }

    /// <summary>Where the TCP header begins in the packet.</summary>
    public int TransportOffset => _transport;

    /// <summary>Bytes of IP and TCP header.</summary>
    public int HeaderLength => _payload;

    /// <summary>The caller's room, then the packet.</summary>
    public Span<byte> Framed => _buffer.AsSpan(0, headRoom + _length);

    private Span<byte> Packet => _buffer.AsSpan(headRoom, _length);

    /// <summary>Takes a packet in: the first one, or one that follows. False when it cannot be joined: take out what is here, then try again or send it alone.</summary>
    public bool TryAdd(ReadOnlySpan<byte> packet)
    {
        if (!TryFindPayload(packet, out int transport, out int payload))
            return false;
        if (IsEmpty)
        {
            Begin(packet, transport, payload);
            return true;
        }

        int size = packet.Length - payload;
        if (_isClosed || transport != _transport || payload != _payload || size > SegmentSize || _length + size > MaximumLength || !Continues(packet))
            return false;
        packet[payload..].CopyTo(_buffer.AsSpan(headRoom + _length));
        _length += size;
        Count++;
        Note(packet, size);
        return true;
    }

    /// <summary>
    /// Completes the headers. Of several segments the checksum is left as the sum of the pseudo header, for the interface to finish; a single packet is as it
    /// came.
    /// </summary>
    public void Finish()
    {
        if (Count < 2)
            return;
        var packet = Packet;
        IpAddress source, target;
        if (packet[0] >> 4 == 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)_length);
            packet.Slice(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Checksum.Finish(Checksum.Sum(packet[.._transport])));
            (source, target) = (IpAddress.FromBytes(packet.Slice(12, 4)), IpAddress.FromBytes(packet.Slice(16, 4)));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)(_length - Ipv6Header.Length));
            (source, target) = (IpAddress.FromBytes(packet.Slice(8, 16)), IpAddress.FromBytes(packet.Slice(24, 16)));
        }

        BinaryPrimitives.WriteUInt16BigEndian(
            packet[(_transport + ChecksumOffset)..], Checksum.Fold(Checksum.Pseudo(source, target, IpProtocol.Tcp, _length - _transport)));
    }

    public void Clear()
    {
        _length = 0;
        Count = 0;
    }

    /// <summary>Only what carries data and nothing else that matters; a header that is all that there is, or that ends or resets, goes alone.</summary>
    private static bool TryFindPayload(ReadOnlySpan<byte> packet, out int transport, out int payload)
    {
        transport = payload = 0;
        if (packet.Length < Ipv4Header.MinimumLength)
            return false;
        bool isIpv4 = packet[0] == 0x45;
        transport = isIpv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length;
        if (packet.Length < transport + TcpHeader.MinimumLength)
            return false;
        bool isPlain = isIpv4
            ? packet[9] == IpProtocol.Tcp && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) == 0 && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length
            : packet[0] >> 4 == 6 && packet[6] == IpProtocol.Tcp && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == packet.Length - Ipv6Header.Length;
        var flags = (TcpFlags)packet[transport + TcpFlagsOffset];
        payload = transport + (packet[transport + 12] >> 4) * 4;
        return isPlain && (flags & ~TcpFlags.Psh) == TcpFlags.Ack && payload >= transport + TcpHeader.MinimumLength && packet.Length > payload;
    }

    private void Begin(ReadOnlySpan<byte> packet, int transport, int payload)
    {
        packet.CopyTo(_buffer.AsSpan(headRoom));
        _length = packet.Length;
        _transport = transport;
        _payload = payload;
        SegmentSize = packet.Length - payload;
        Count = 1;
        Note(packet, SegmentSize);
    }

    private void Note(ReadOnlySpan<byte> packet, int size)
    {
        bool isPushed = ((TcpFlags)packet[_transport + TcpFlagsOffset] & TcpFlags.Psh) != 0;
        if (isPushed)
            _buffer[headRoom + _transport + TcpFlagsOffset] |= (byte)TcpFlags.Psh;
        _isClosed = isPushed || size < SegmentSize;
        _nextSequence = BinaryPrimitives.ReadUInt32BigEndian(packet[(_transport + TcpSequenceOffset)..]) + (uint)size;
    }

    /// <summary>The next of this flow, its headers otherwise equal: addresses, ports, acknowledgment, window, options, traffic class and hop limit.</summary>
    private bool Continues(ReadOnlySpan<byte> packet)
    {
        var first = Packet;
        bool isIpv4 = _transport == Ipv4Header.MinimumLength;
        bool sameIp = isIpv4
            ? packet[..2].SequenceEqual(first[..2]) && packet[6..10].SequenceEqual(first[6..10]) && packet[12..20].SequenceEqual(first[12..20])
            : packet[..4].SequenceEqual(first[..4]) && packet[6..40].SequenceEqual(first[6..40]);
        var tcp = packet[_transport.._payload];
        var firstTcp = first[_transport.._payload];
        return sameIp
            && BinaryPrimitives.ReadUInt32BigEndian(tcp[TcpSequenceOffset..]) == _nextSequence
            && tcp[..4].SequenceEqual(firstTcp[..4])
            && tcp[8..13].SequenceEqual(firstTcp[8..13])
            && tcp[14..16].SequenceEqual(firstTcp[14..16])
            && tcp[18..].SequenceEqual(firstTcp[18..]);
    }
}
