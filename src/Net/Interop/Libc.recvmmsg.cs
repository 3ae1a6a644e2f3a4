using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_WAITFORONE = 0x10000;

    private static readonly long SYS_recvmmsg = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 243 : 299;

    internal static int recvmmsg(int sockfd, mmsghdr* messages, int count, int flags) =>
        (int)syscall(SYS_recvmmsg, sockfd, (long)messages, count, flags, 0, 0);
}
