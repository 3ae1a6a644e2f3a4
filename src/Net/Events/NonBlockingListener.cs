using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>A TCP socket that listens on this machine, for either loop. Read readiness says that a connection waits.</summary>
public sealed class NonBlockingListener : IPortablePollable, IDisposable
{
    private readonly Socket _socket;

    private NonBlockingListener(Socket socket) => _socket = socket;

    public nint Handle => _socket.Handle;

    /// <summary>Where it is bound, with the port that the system chose.</summary>
    public IpEndpoint Local => PortableNonBlockingSocket.ToEndpoint(_socket.LocalEndPoint);

    Socket IPortablePollable.Socket => _socket;

    /// <exception cref="NetworkException">The port is in use, or the address is not ours.</exception>
    public static NonBlockingListener Open(in IpEndpoint local)
    {
        var socket = new Socket(local.Address.IsIpv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Blocking = false;
            // Where the system is not Windows this is SO_REUSEADDR: a restart need not wait for old connections to be forgotten.
            if (!OperatingSystem.IsWindows())
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(local.Address.ToIPAddress(), local.Port));
            socket.Listen();
            return new NonBlockingListener(socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new NetworkException($"Cannot listen on TCP {local}", SocketFault.From(exception));
        }
    }

    /// <summary>Takes a waiting connection; false when none waits or it is gone again.</summary>
    public bool TryAccept([NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault)
    {
        socket = null;
        // Asked first, since an empty queue would throw.
        if (!_socket.Poll(0, SelectMode.SelectRead))
        {
            fault = SocketFault.From(SocketError.WouldBlock);
            return false;
        }

        try
        {
            var accepted = _socket.Accept();
            accepted.Blocking = false;
            accepted.NoDelay = true;
            socket = new PortableNonBlockingSocket(accepted, PortableNonBlockingSocket.ToEndpoint(accepted.RemoteEndPoint));
            fault = SocketFault.None;
            return true;
        }
        catch (SocketException exception)
        {
            fault = SocketFault.From(exception);
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();
}
