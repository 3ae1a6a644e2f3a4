using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>A UDP datagram (RFC 768).</summary>
public readonly ref struct UdpView
{
    private readonly ReadOnlySpan<byte> _datagram;

    private UdpView(ReadOnlySpan<byte> datagram) => _datagram = datagram;

    /// <summary>False when the length field is below 8 or beyond the span; what follows the length is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> span, out UdpView view)
    {
        view = default;
        if (span.Length < UdpHeader.Length)
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(span[4..]);
        if (length < UdpHeader.Length || length > span.Length)
            return false;
        view = new UdpView(span[..length]);
        return true;
    }

    /// <summary>Header and payload.</summary>
    public ReadOnlySpan<byte> Datagram => _datagram;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_datagram);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_datagram[2..]);

    /// <summary>Of header and payload.</summary>
    public int Length => _datagram.Length;

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_datagram[6..]);

    public ReadOnlySpan<byte> Payload => _datagram[UdpHeader.Length..];

    /// <summary>Zero means "none" in IPv4 and is invalid in IPv6 (RFC 8200 section 8.1).</summary>
    public bool IsChecksumValid(IpAddress source, IpAddress destination) => Checksum == 0
        ? source.IsIpv4
        : Packets.Checksum.Fold(
            Packets.Checksum.Sum(_datagram, Packets.Checksum.Pseudo(source, destination, IpProtocol.Udp, _datagram.Length))) == 0xFFFF;
}
