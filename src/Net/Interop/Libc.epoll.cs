using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const uint EPOLLIN = 0x1;
    internal const uint EPOLLOUT = 0x4;
    internal const uint EPOLLERR = 0x8;
    internal const uint EPOLLHUP = 0x10;
    internal const uint EPOLLRDHUP = 0x2000;

    private const long SYS_epoll_pwait2 = 441;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(int epfd, int op, int fd, void* epollEvent);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(int epfd, void* events, int maxevents, int timeout);

    // By number: the wrapper is in glibc from 2.35 only, the call in the kernel from 5.11.
    internal static int epoll_pwait2(int epfd, void* events, int maxevents, timespec* timeout) =>
        (int)syscall(SYS_epoll_pwait2, epfd, (long)events, maxevents, (long)timeout, 0, 0);
}
