namespace Keyhole.Net;

/// <summary>Which system interface carries the bytes.</summary>
public enum NetBackend
{
    /// <summary>Linux: recvmmsg, sendmmsg, UDP_GRO, UDP_SEGMENT, epoll.</summary>
    Linux,
    /// <summary>As <see cref="Linux"/>, without UDP_GRO and UDP_SEGMENT.</summary>
    LinuxPlain,
    /// <summary>System.Net.Sockets, on every system.</summary>
    Portable,
}
