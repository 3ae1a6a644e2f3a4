using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    internal const int SOL_IP = 0;
    internal const int SOL_SOCKET = 1;
    internal const int SOL_TCP = 6;
    internal const int SOL_UDP = 17;
    internal const int SOL_IPV6 = 41;

    internal const int SO_ERROR = 4;
    internal const int SO_SNDBUF = 7;
    internal const int SO_RCVBUF = 8;
    internal const int SO_LINGER = 13;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;

    /// <summary>An array of 32-bit values: see the indices.</summary>
    internal const int SO_MEMINFO = 55;
    internal const int SK_MEMINFO_RMEM_ALLOC = 0;
    internal const int SK_MEMINFO_RCVBUF = 1;
    internal const int SK_MEMINFO_WMEM_ALLOC = 2;
    internal const int SK_MEMINFO_DROPS = 8;
    internal const int SK_MEMINFO_VARS = 9;

    internal const int IP_TOS = 1;
    internal const int IP_MTU_DISCOVER = 10;
    internal const int IP_RECVTOS = 13;
    internal const int IP_RECVFRAGSIZE = 25;
    internal const int IP_PMTUDISC_PROBE = 3;
    internal const int IP_PMTUDISC_OMIT = 5;

    internal const int IPV6_MTU_DISCOVER = 23;
    internal const int IPV6_RECVFRAGSIZE = 77;
    internal const int IPV6_V6ONLY = 26;
    internal const int IPV6_RECVPKTINFO = 49;
    internal const int IPV6_PKTINFO = 50;
    internal const int IPV6_RECVTCLASS = 66;
    internal const int IPV6_TCLASS = 67;

    internal const int TCP_NODELAY = 1;
    internal const int TCP_NOTSENT_LOWAT = 25;
    internal const int UDP_SEGMENT = 103;
    internal const int UDP_GRO = 104;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int sockfd, int level, int optname, void* optval, uint optlen);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockopt(int sockfd, int level, int optname, void* optval, uint* optlen);

    internal static int setsockopt(int sockfd, int level, int optname, int value) =>
        setsockopt(sockfd, level, optname, &value, sizeof(int));
}
