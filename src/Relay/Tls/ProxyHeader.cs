using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>Says who is behind a spliced connection: the binary header of the PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt section 2.2).</summary>
internal static class ProxyHeader
{
    public const int MaximumLength = HeadLength + 2 * 16 + 2 * sizeof(ushort);

    private const int HeadLength = 16;
    private const byte Version2Proxy = 0x21;
    private const byte TcpOverIpv4 = 0x11;
    private const byte TcpOverIpv6 = 0x21;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Writes the header of a TCP connection.</summary>
    /// <returns>Its length.</returns>
    public static int Write(in IpEndpoint source, in IpEndpoint destination, Span<byte> header)
    {
        bool isIpv4 = source.Address.IsIpv4 && destination.Address.IsIpv4;
        int addressLength = isIpv4 ? 4 : 16;
        int length = 2 * addressLength + 2 * sizeof(ushort);
        Signature.CopyTo(header);
        header[12] = Version2Proxy;
        header[13] = isIpv4 ? TcpOverIpv4 : TcpOverIpv6;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], (ushort)length);
        WriteAddress(source.Address, isIpv4, header[HeadLength..]);
        WriteAddress(destination.Address, isIpv4, header[(HeadLength + addressLength)..]);
        var ports = header[(HeadLength + 2 * addressLength)..];
        BinaryPrimitives.WriteUInt16BigEndian(ports, source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports[sizeof(ushort)..], destination.Port);
        return HeadLength + length;
    }

    private static void WriteAddress(in IpAddress address, bool isIpv4, Span<byte> destination)
    {
        if (isIpv4)
            BinaryPrimitives.WriteUInt32BigEndian(destination, address.Ipv4);
        else
            address.Write16To(destination);
    }
}
