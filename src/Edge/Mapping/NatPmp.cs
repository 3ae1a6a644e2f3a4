using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>The NAT Port Mapping Protocol (RFC 6886, section 3): the external address, and the mapping of one UDP port.</summary>
internal static class NatPmp
{
    public const int AddressRequestLength = 2;

    public const int MapRequestLength = 12;

    private const byte AddressResponse = 128;

    private const byte MapUdp = 1;

    private const byte MapUdpResponse = 129;

    public static void WriteAddressRequest(Span<byte> datagram) => datagram[..AddressRequestLength].Clear();

    /// <summary>Asks for a mapping of <paramref name="port"/>; a lifetime of 0 with port 0 outside gives it back.</summary>
    public static void WriteMapRequest(Span<byte> datagram, ushort port, ushort suggested, uint lifetime)
    {
        datagram = datagram[..MapRequestLength];
        datagram.Clear();
        datagram[1] = MapUdp;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], suggested);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], lifetime);
    }

    /// <summary>False unless it names the external address or refuses to.</summary>
    public static bool TryParseAddress(ReadOnlySpan<byte> datagram, out MappingAnswer answer)
    {
        answer = default;
        if (datagram.Length < 8 || datagram[0] != 0 || datagram[1] != AddressResponse)
            return false;
        int result = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (result == 0 && datagram.Length < 12)
            return false;
        answer = new MappingAnswer(result, 0, BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]), result == 0 ? IpAddress.FromBytes(datagram.Slice(8, 4)) : default, 0);
        return true;
    }

    /// <summary>False unless it answers the request for this port.</summary>
    public static bool TryParseMap(ReadOnlySpan<byte> datagram, ushort port, out MappingAnswer answer)
    {
        answer = default;
        if (datagram.Length < 16 || datagram[0] != 0 || datagram[1] != MapUdpResponse || BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]) != port)
            return false;
        answer = new MappingAnswer(
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            default,
            BinaryPrimitives.ReadUInt16BigEndian(datagram[10..]));
        return true;
    }
}
