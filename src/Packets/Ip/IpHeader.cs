namespace Keyhole.Packets;

/// <summary>Writes the header of either family, for callers to whom the family does not matter.</summary>
public static class IpHeader
{
    /// <summary>20 for IPv4, 40 for IPv6.</summary>
    public static int LengthFor(IpAddress address) => address.IsIpv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length;

    /// <summary>Writes a header for a payload of <paramref name="payloadLength"/> bytes and returns the header's length.</summary>
    /// <exception cref="ArgumentException">The span is too short or the families differ.</exception>
    public static int Write(
        Span<byte> header,
        IpAddress source,
        IpAddress destination,
        byte protocol,
        int payloadLength,
        byte hopLimit = 64,
        byte trafficClass = 0,
        ushort identification = 0)
    {
        if (source.IsIpv4)
        {
            Ipv4Header.Write(
                header,
                source,
                destination,
                protocol,
                Ipv4Header.MinimumLength + payloadLength,
                hopLimit,
                trafficClass,
                identification);
            return Ipv4Header.MinimumLength;
        }

        Ipv6Header.Write(header, source, destination, protocol, payloadLength, hopLimit, trafficClass);
        return Ipv6Header.Length;
    }
}
