using System.Diagnostics.CodeAnalysis;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>socket(2), connect(2), recv(2), send(2) as they are.</summary>
internal sealed unsafe class LinuxNonBlockingSocket : NonBlockingSocket
{
    private int _descriptor;

    private LinuxNonBlockingSocket(int descriptor, in IpEndpoint remote) : base(remote) => _descriptor = descriptor;

    ~LinuxNonBlockingSocket() => Dispose(false);

    public override nint Handle => _descriptor;

    public override IpEndpoint Local
    {
        get
        {
            sockaddr_in6 name;
            uint length = sockaddr_in6.Length;
            return Libc.getsockname(_descriptor, &name, &length) == 0 ? name.ToEndpoint() : default;
        }
    }

    internal static bool TryConnect(
        int type, int protocol, in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault)
    {
        socket = null;
        int family = remote.Address.IsIpv4 ? Libc.AF_INET : Libc.AF_INET6;
        int descriptor = Libc.socket(family, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, protocol);
        if (descriptor < 0)
        {
            fault = SocketFault.Last();
            return false;
        }

        if (type == Libc.SOCK_STREAM)
            _ = Libc.setsockopt(descriptor, Libc.SOL_TCP, Libc.TCP_NODELAY, 1);
        var name = sockaddr_in6.FromEndpoint(remote, family);
        if (Libc.connect(descriptor, &name, sockaddr_in6.LengthOf(family)) != 0)
        {
            fault = SocketFault.Last();
            if (fault.Errno != Errno.EINPROGRESS)
            {
                _ = Libc.close(descriptor);
                return false;
            }
        }

        fault = SocketFault.None;
        socket = new LinuxNonBlockingSocket(descriptor, remote);
        return true;
    }

    public override int Receive(Span<byte> buffer, out SocketFault fault)
    {
        nint received;
        fixed (byte* start = buffer)
            received = Libc.recv(_descriptor, start, (nuint)buffer.Length, 0);
        fault = received < 0 ? SocketFault.Last() : SocketFault.None;
        return (int)received;
    }

    public override int Send(ReadOnlySpan<byte> bytes, out SocketFault fault)
    {
        nint sent;
        fixed (byte* start = bytes)
            sent = Libc.send(_descriptor, start, (nuint)bytes.Length, Libc.MSG_NOSIGNAL);
        fault = sent < 0 ? SocketFault.Last() : SocketFault.None;
        return (int)sent;
    }

    public override SocketFault TakeError()
    {
        int errno = 0;
        uint length = sizeof(int);
        return Libc.getsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_ERROR, &errno, &length) == 0
            ? SocketFault.FromErrno(errno)
            : SocketFault.Last();
    }

    // It fails only when the connection is gone already, which the next receive reports.
    public override void ShutdownSend() => _ = Libc.shutdown(_descriptor, Libc.SHUT_WR);

    public override void Abort()
    {
        var now = new linger { l_onoff = 1, l_linger = 0 };
        _ = Libc.setsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_LINGER, &now, (uint)sizeof(linger));
        Dispose();
    }

    private protected override void Dispose(bool disposing)
    {
        int descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }
}
