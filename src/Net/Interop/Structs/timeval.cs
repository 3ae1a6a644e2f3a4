using System.Runtime.InteropServices;

namespace Keyhole.Net;

[StructLayout(LayoutKind.Sequential)]
internal struct timeval
{
    internal long tv_sec;
    internal long tv_usec;
}
