using System.Runtime.InteropServices;

namespace Keyhole.Net;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    internal byte* iov_base;
    internal nuint iov_len;
}
