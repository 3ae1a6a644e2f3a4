using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    private static readonly long SYS_sendmmsg = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 269 : 307;

    // By number: musl's sendmmsg() is a loop of sendmsg() in user space.
    internal static int sendmmsg(int sockfd, mmsghdr* messages, int count, int flags) =>
        (int)syscall(SYS_sendmmsg, sockfd, (long)messages, count, flags, 0, 0);
}
