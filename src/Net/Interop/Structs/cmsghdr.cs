using System.Runtime.InteropServices;

namespace Keyhole.Net;

/// <summary>Its data follows directly; the next header stands at the next multiple of 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct cmsghdr
{
    internal nuint cmsg_len;
    internal int cmsg_level;
    internal int cmsg_type;
}
