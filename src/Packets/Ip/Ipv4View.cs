using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>An IPv4 packet (RFC 791). Proves the shape of the header; says nothing about addresses or the checksum.</summary>
public readonly ref struct Ipv4View
{
    private readonly ReadOnlySpan<byte> _packet;

    private Ipv4View(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>False when the span holds less than the header says. What follows <see cref="TotalLength"/> is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> span, out Ipv4View view)
    {
        view = default;
        if (span.Length < Ipv4Header.MinimumLength || span[0] >> 4 != 4)
            return false;
        int headerLength = (span[0] & 0xF) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(span[2..]);
        if (headerLength < Ipv4Header.MinimumLength || totalLength < headerLength || totalLength > span.Length)
            return false;
        view = new Ipv4View(span[..totalLength]);
        return true;
    }

    /// <summary>Header and payload, without padding.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>20 to 60 bytes.</summary>
    public int HeaderLength => (_packet[0] & 0xF) * 4;

    /// <summary>DSCP and ECN (RFC 2474, RFC 3168).</summary>
    public byte TrafficClass => _packet[1];

    public int TotalLength => _packet.Length;

    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    public bool DontFragment => (_packet[6] & 0x40) != 0;

    public bool MoreFragments => (_packet[6] & 0x20) != 0;

    /// <summary>In bytes.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]) & 0x1FFF) * 8;

    public byte TimeToLive => _packet[8];

    public byte Protocol => _packet[9];

    public ushort HeaderChecksum => BinaryPrimitives.ReadUInt16BigEndian(_packet[10..]);

    public bool IsHeaderChecksumValid => Checksum.Fold(Checksum.Sum(_packet[..HeaderLength])) == 0xFFFF;

    public IpAddress Source => new(BinaryPrimitives.ReadUInt32BigEndian(_packet[12..]));

    public IpAddress Destination => new(BinaryPrimitives.ReadUInt32BigEndian(_packet[16..]));

    public ReadOnlySpan<byte> Options => _packet[Ipv4Header.MinimumLength..HeaderLength];

    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..];
}
