using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    // SetLastError costs 7 ns of some 3,500 and is the only race-free way to errno.
    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long a, long b, long c, long d, long e, long f);
}
