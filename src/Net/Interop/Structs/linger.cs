using System.Runtime.InteropServices;

namespace Keyhole.Net;

[StructLayout(LayoutKind.Sequential)]
internal struct linger
{
    internal int l_onoff;
    internal int l_linger;
}
