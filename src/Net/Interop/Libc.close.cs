using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);
}
