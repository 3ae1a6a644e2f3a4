using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>Writes IPv4 headers without options (RFC 791).</summary>
public static class Ipv4Header
{
    public const int MinimumLength = 20;
    public const int MaximumLength = 60;

    /// <summary>
    /// Writes the 20 bytes of a header with its checksum. <paramref name="totalLength"/> counts header and payload.
    /// <paramref name="fragmentOffset"/> is in bytes and a multiple of 8.
    /// </summary>
    /// <exception cref="ArgumentException">The span is too short or an address is not IPv4.</exception>
    public static void Write(
        Span<byte> header,
        IpAddress source,
        IpAddress destination,
        byte protocol,
        int totalLength,
        byte timeToLive = 64,
        byte trafficClass = 0,
        ushort identification = 0,
        bool dontFragment = true,
        bool moreFragments = false,
        int fragmentOffset = 0)
    {
        if (header.Length < MinimumLength)
            Throw.TooShort(nameof(header), MinimumLength);
        if (!source.IsIpv4 || !destination.IsIpv4)
            Throw.MixedFamilies();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(totalLength, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThan(totalLength, MinimumLength);
        header[0] = 0x45;
        header[1] = trafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalLength);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(
            header[6..],
            (ushort)((dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | (fragmentOffset / 8)));
        header[8] = timeToLive;
        header[9] = protocol;
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], source.Ipv4);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], destination.Ipv4);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum.Finish(Checksum.Sum(header[..MinimumLength])));
    }
}
