using System.Net;
using System.Net.Sockets;

namespace Keyhole.Client;

/// <summary>What the kernel knows about the size of packets to an address: of the interface, or less where a router has said so. Linux only.</summary>
internal static class PathMtu
{
    // <linux/in.h>, <linux/in6.h>
    private const int IpMtu = 14;
    private const int Ipv6Mtu = 24;
    private const int IpLevel = 0;
    private const int Ipv6Level = 41;

    /// <returns>Bytes of an IP packet; null when it cannot be said.</returns>
    public static int? Of(IPEndPoint destination)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            using var socket = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(destination);
            Span<byte> value = stackalloc byte[sizeof(int)];
            bool isIpv6 = destination.AddressFamily == AddressFamily.InterNetworkV6;
            int length = socket.GetRawSocketOption(isIpv6 ? Ipv6Level : IpLevel, isIpv6 ? Ipv6Mtu : IpMtu, value);
            return length == sizeof(int) ? BitConverter.ToInt32(value) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
