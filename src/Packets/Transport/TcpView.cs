using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>A TCP segment (RFC 9293 section 3.1).</summary>
public readonly ref struct TcpView
{
    private readonly ReadOnlySpan<byte> _segment;

    private TcpView(ReadOnlySpan<byte> segment) => _segment = segment;

    /// <summary>False when the data offset is below 20 bytes or beyond the span. Options are looked at by <see cref="TryGetOptions"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> span, out TcpView view)
    {
        view = default;
        if (span.Length < TcpHeader.MinimumLength)
            return false;
        int headerLength = (span[12] >> 4) * 4;
        if (headerLength < TcpHeader.MinimumLength || headerLength > span.Length)
            return false;
        view = new TcpView(span);
        return true;
    }

    /// <summary>Header and payload.</summary>
    public ReadOnlySpan<byte> Segment => _segment;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_segment);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_segment[2..]);

    public uint SequenceNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[4..]);

    public uint AcknowledgmentNumber => BinaryPrimitives.ReadUInt32BigEndian(_segment[8..]);

    /// <summary>The data offset in bytes, 20 to 60.</summary>
    public int HeaderLength => (_segment[12] >> 4) * 4;

    public TcpFlags Flags => (TcpFlags)_segment[13];

    /// <summary>As it stands in the segment, unscaled.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_segment[14..]);

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_segment[16..]);

    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(_segment[18..]);

    public ReadOnlySpan<byte> Options => _segment[TcpHeader.MinimumLength..HeaderLength];

    public ReadOnlySpan<byte> Payload => _segment[HeaderLength..];

    /// <summary>False when an option's length is illegal (RFC 9293 MUST-7).</summary>
    public bool TryGetOptions(out TcpOptions options) => TcpOptions.TryParse(Options, out options);

    public bool IsChecksumValid(IpAddress source, IpAddress destination) =>
        Packets.Checksum.Fold(
            Packets.Checksum.Sum(_segment, Packets.Checksum.Pseudo(source, destination, IpProtocol.Tcp, _segment.Length))) == 0xFFFF;
}
