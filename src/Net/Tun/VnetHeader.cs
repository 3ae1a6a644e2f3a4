using System.Buffers.Binary;

namespace Keyhole.Net;

/// <summary>struct virtio_net_hdr, 10 bytes in front of each packet of a device that offloads (tun(4), IFF_VNET_HDR); host byte order.</summary>
public readonly record struct VnetHeader
{
    public const int Size = 10;

    private const byte NeedsChecksumFlag = 1;
    private const byte EcnFlag = 0x80;

    /// <summary>The transport checksum holds the sum of the pseudo header only and has to be completed.</summary>
    public bool NeedsChecksum { get; init; }

    public VnetSegmentation Segmentation { get; init; }

    /// <summary>The TCP packet carries CWR: only the first segment keeps it.</summary>
    public bool Ecn { get; init; }

    /// <summary>Bytes of IP and transport header that every segment repeats.</summary>
    public ushort HeaderLength { get; init; }

    /// <summary>Payload bytes per segment.</summary>
    public ushort SegmentSize { get; init; }

    /// <summary>Where the bytes under the checksum begin.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>Where the checksum is, from <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">Fewer than 10 bytes.</exception>
    public static VnetHeader Read(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes.Length, Size, nameof(bytes));
        return new VnetHeader
        {
            NeedsChecksum = (bytes[0] & NeedsChecksumFlag) != 0,
            Segmentation = (VnetSegmentation)(bytes[1] & ~EcnFlag),
            Ecn = (bytes[1] & EcnFlag) != 0,
            HeaderLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
            SegmentSize = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            ChecksumStart = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
            ChecksumOffset = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]),
        };
    }

    /// <exception cref="ArgumentOutOfRangeException">Fewer than 10 bytes.</exception>
    public void Write(Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes.Length, Size, nameof(bytes));
        bytes[0] = NeedsChecksum ? NeedsChecksumFlag : (byte)0;
        bytes[1] = (byte)((byte)Segmentation | (Ecn ? EcnFlag : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], ChecksumOffset);
    }
}
