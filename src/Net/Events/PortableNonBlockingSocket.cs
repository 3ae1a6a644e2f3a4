using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>The twin of <see cref="LinuxNonBlockingSocket"/> on System.Net.Sockets. Beginning a connection throws and catches once, bytes do not.</summary>
internal sealed class PortableNonBlockingSocket : NonBlockingSocket, IPortablePollable
{
    private readonly Socket _socket;

    internal PortableNonBlockingSocket(Socket socket, in IpEndpoint remote) : base(remote) => _socket = socket;

    public override nint Handle => _socket.Handle;

    public Socket Socket => _socket;

    public override IpEndpoint Local => ToEndpoint(_socket.LocalEndPoint);

    internal static bool TryConnect(
        SocketType type, ProtocolType protocol, in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault)
    {
        socket = null;
        Socket? opened = null;
        try
        {
            opened = new Socket(remote.Address.IsIpv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, type, protocol) { Blocking = false };
            if (type == SocketType.Stream)
                opened.NoDelay = true;
            opened.Connect(new IPEndPoint(remote.Address.ToIPAddress(), remote.Port));
        }
        catch (SocketException e)
        {
            fault = SocketFault.From(e);
            if (!fault.IsWouldBlock || opened is null)
            {
                opened?.Dispose();
                return false;
            }
        }

        fault = SocketFault.None;
        socket = new PortableNonBlockingSocket(opened, remote);
        return true;
    }

    internal static IpEndpoint ToEndpoint(EndPoint? endpoint) =>
        endpoint is IPEndPoint ip ? new IpEndpoint(IpAddress.From(ip.Address), (ushort)ip.Port) : default;

    public override int Receive(Span<byte> buffer, out SocketFault fault)
    {
        int received = _socket.Receive(buffer, SocketFlags.None, out var error);
        fault = SocketFault.From(error);
        return error == SocketError.Success ? received : -1;
    }

    public override int Send(ReadOnlySpan<byte> bytes, out SocketFault fault)
    {
        int sent = _socket.Send(bytes, SocketFlags.None, out var error);
        fault = SocketFault.From(error);
        return error == SocketError.Success ? sent : -1;
    }

    public override SocketFault TakeError()
    {
        var error = (SocketError)(int)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        return SocketFault.From(error);
    }

    public override void ShutdownSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The connection is gone already, which the next receive reports.
        }
    }

    public override void Abort()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // The connection is gone already: closing is all that is left.
        }

        Dispose();
    }

    private protected override void Dispose(bool disposing) => _socket.Dispose();
}
