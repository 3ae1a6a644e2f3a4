using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Keyhole.Net;

/// <summary>
/// A refusal of the system: its kind for decisions and its errno for people. This is the only place where numbers
/// of the system become words.
/// </summary>
public readonly record struct SocketFault(SocketFaultKind Kind, int Errno)
{
    public static SocketFault None => default;

    public bool IsNone => Kind == SocketFaultKind.None;

    public bool IsWouldBlock => Kind == SocketFaultKind.WouldBlock;

    internal static SocketFault Last() => FromErrno(Marshal.GetLastPInvokeError());

    internal static SocketFault FromErrno(int errno) => new(errno switch
    {
        0 => SocketFaultKind.None,
        Net.Errno.EAGAIN or Net.Errno.EINPROGRESS or Net.Errno.EINTR => SocketFaultKind.WouldBlock,
        Net.Errno.ECONNREFUSED => SocketFaultKind.ConnectionRefused,
        Net.Errno.ECONNRESET or Net.Errno.ECONNABORTED or Net.Errno.EPIPE => SocketFaultKind.ConnectionReset,
        Net.Errno.ETIMEDOUT => SocketFaultKind.TimedOut,
        Net.Errno.ENETUNREACH or Net.Errno.ENETDOWN => SocketFaultKind.NetworkUnreachable,
        Net.Errno.EHOSTUNREACH or Net.Errno.EHOSTDOWN => SocketFaultKind.HostUnreachable,
        Net.Errno.EEXIST => SocketFaultKind.AlreadyThere,
        Net.Errno.EADDRINUSE => SocketFaultKind.AddressInUse,
        Net.Errno.EADDRNOTAVAIL => SocketFaultKind.AddressNotAvailable,
        Net.Errno.EACCES or Net.Errno.EPERM => SocketFaultKind.AccessDenied,
        Net.Errno.EMSGSIZE => SocketFaultKind.MessageTooLong,
        Net.Errno.ENOBUFS or Net.Errno.ENOMEM => SocketFaultKind.NoBuffers,
        Net.Errno.EMFILE or Net.Errno.ENFILE => SocketFaultKind.TooManyFiles,
        Net.Errno.EAFNOSUPPORT or Net.Errno.EPROTONOSUPPORT or Net.Errno.ENOSYS => SocketFaultKind.NotSupported,
        Net.Errno.ENOTCONN => SocketFaultKind.NotConnected,
        _ => SocketFaultKind.Other,
    }, errno);

    internal static SocketFault From(SocketException exception) => From(exception.SocketErrorCode, exception.NativeErrorCode);

    internal static SocketFault From(SocketError error, int errno = 0) => new(error switch
    {
        SocketError.Success => SocketFaultKind.None,
        SocketError.WouldBlock or SocketError.InProgress or SocketError.IOPending or SocketError.Interrupted => SocketFaultKind.WouldBlock,
        SocketError.ConnectionRefused => SocketFaultKind.ConnectionRefused,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => SocketFaultKind.ConnectionReset,
        SocketError.TimedOut => SocketFaultKind.TimedOut,
        SocketError.NetworkUnreachable or SocketError.NetworkDown => SocketFaultKind.NetworkUnreachable,
        SocketError.HostUnreachable or SocketError.HostDown => SocketFaultKind.HostUnreachable,
        SocketError.AddressAlreadyInUse => SocketFaultKind.AddressInUse,
        SocketError.AddressNotAvailable => SocketFaultKind.AddressNotAvailable,
        SocketError.AccessDenied => SocketFaultKind.AccessDenied,
        SocketError.MessageSize => SocketFaultKind.MessageTooLong,
        SocketError.NoBufferSpaceAvailable => SocketFaultKind.NoBuffers,
        SocketError.TooManyOpenSockets => SocketFaultKind.TooManyFiles,
        SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported or SocketError.SocketNotSupported
            or SocketError.OperationNotSupported or SocketError.ProtocolFamilyNotSupported => SocketFaultKind.NotSupported,
        SocketError.NotConnected => SocketFaultKind.NotConnected,
        _ => SocketFaultKind.Other,
    }, errno);

    public override string ToString() => IsNone
        ? "none"
        : string.Create(CultureInfo.InvariantCulture, $"{Kind} (errno {Errno}: {Marshal.GetPInvokeErrorMessage(Errno)})");
}
