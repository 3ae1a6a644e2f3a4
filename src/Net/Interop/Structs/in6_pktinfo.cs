using System.Runtime.InteropServices;

namespace Keyhole.Net;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct in6_pktinfo
{
    internal fixed byte ipi6_addr[16];
    internal uint ipi6_ifindex;
}
