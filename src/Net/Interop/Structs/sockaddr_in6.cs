using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// The address of a dual stack socket; IPv4 is mapped. The same 28 bytes hold a <c>sockaddr_in</c> (port at 2,
/// address at 4) where the system has no IPv6: see <see cref="FromEndpoint"/> and <see cref="ToEndpoint"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sockaddr_in6
{
    internal const uint Ipv4Length = 16;
    internal const uint Length = 28;

    internal ushort sin6_family;
    internal ushort sin6_port;
    internal uint sin6_flowinfo;
    internal fixed byte sin6_addr[16];
    internal uint sin6_scope_id;

    internal static uint LengthOf(int family) => family == Libc.AF_INET ? Ipv4Length : Length;

    internal static sockaddr_in6 FromEndpoint(in IpEndpoint endpoint, int family)
    {
        sockaddr_in6 result = default;
        result.sin6_family = (ushort)family;
        result.sin6_port = BinaryPrimitives.ReverseEndianness(endpoint.Port);
        if (family == Libc.AF_INET)
            result.sin6_flowinfo = BinaryPrimitives.ReverseEndianness(endpoint.Address.Ipv4);
        else
            endpoint.Address.Write16To(new Span<byte>(result.sin6_addr, 16));
        return result;
    }

    internal readonly IpEndpoint ToEndpoint()
    {
        ushort port = BinaryPrimitives.ReverseEndianness(sin6_port);
        if (sin6_family == Libc.AF_INET)
            return new IpEndpoint(new IpAddress(BinaryPrimitives.ReverseEndianness(sin6_flowinfo)), port);
        fixed (byte* address = sin6_addr)
            return new IpEndpoint(IpAddress.FromBytes(new ReadOnlySpan<byte>(address, 16)), port);
    }
}
