using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>Writes the fixed IPv6 header (RFC 8200 section 3).</summary>
public static class Ipv6Header
{
    public const int Length = 40;

    /// <summary>Writes 40 bytes. <paramref name="payloadLength"/> counts what follows them.</summary>
    /// <exception cref="ArgumentException">The span is too short or an address is not IPv6.</exception>
    public static void Write(
        Span<byte> header,
        IpAddress source,
        IpAddress destination,
        byte nextHeader,
        int payloadLength,
        byte hopLimit = 64,
        byte trafficClass = 0,
        uint flowLabel = 0)
    {
        if (header.Length < Length)
            Throw.TooShort(nameof(header), Length);
        if (source.IsIpv4 || destination.IsIpv4)
            Throw.MixedFamilies();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x6000_0000 | ((uint)trafficClass << 20) | (flowLabel & 0xF_FFFF));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)payloadLength);
        header[6] = nextHeader;
        header[7] = hopLimit;
        source.Write16To(header[8..]);
        destination.Write16To(header[24..]);
    }
}
