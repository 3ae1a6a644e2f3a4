using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    internal const int CLOCK_BOOTTIME = 7;

    // Without the transition: it is read from the page that the kernel shares (vdso(7)), some 20 ns.
    [LibraryImport("libc")]
    [SuppressGCTransition]
    internal static partial int clock_gettime(int clock, timespec* time);
}
