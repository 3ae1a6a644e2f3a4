using System.Runtime.InteropServices;

namespace Keyhole.Net;

[StructLayout(LayoutKind.Sequential)]
internal struct mmsghdr
{
    internal msghdr msg_hdr;
    internal uint msg_len;
}
