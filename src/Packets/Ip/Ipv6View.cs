using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>The fixed header of an IPv6 packet (RFC 8200 section 3) and what follows it. Extension headers are <see cref="IpView"/>'s work.</summary>
public readonly ref struct Ipv6View
{
    private readonly ReadOnlySpan<byte> _packet;

    private Ipv6View(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>False when the span holds less than the header says. Jumbograms (RFC 2675) do not exist here.</summary>
    public static bool TryParse(ReadOnlySpan<byte> span, out Ipv6View view)
    {
        view = default;
        if (span.Length < Ipv6Header.Length || span[0] >> 4 != 6)
            return false;
        int totalLength = Ipv6Header.Length + BinaryPrimitives.ReadUInt16BigEndian(span[4..]);
        if (totalLength > span.Length)
            return false;
        view = new Ipv6View(span[..totalLength]);
        return true;
    }

    /// <summary>Header and payload, without padding.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_packet) >> 4);

    /// <summary>20 bits (RFC 6437).</summary>
    public uint FlowLabel => BinaryPrimitives.ReadUInt32BigEndian(_packet) & 0xF_FFFF;

    public int PayloadLength => _packet.Length - Ipv6Header.Length;

    public int TotalLength => _packet.Length;

    /// <summary>Of the first header after this one.</summary>
    public byte NextHeader => _packet[6];

    public byte HopLimit => _packet[7];

    public IpAddress Source => IpAddress.FromBytes(_packet.Slice(8, 16));

    public IpAddress Destination => IpAddress.FromBytes(_packet.Slice(24, 16));

    /// <summary>Extension headers included.</summary>
    public ReadOnlySpan<byte> Payload => _packet[Ipv6Header.Length..];
}
