using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static partial class Libc
{
    internal const int SHUT_WR = 1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(int sockfd, int how);
}
