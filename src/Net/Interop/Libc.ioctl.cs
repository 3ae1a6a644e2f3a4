using System.Runtime.InteropServices;

namespace Keyhole.Net;

internal static unsafe partial class Libc
{
    internal const ulong TUNSETIFF = 0x400454ca;
    internal const ulong TUNSETOFFLOAD = 0x400454d0;
    internal const ulong SIOCGIFMTU = 0x8921;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, ulong request, void* argument);

    // TUNSETOFFLOAD takes its mask by value.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl(int fd, ulong request, ulong argument);
}
