using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A program that speaks SOCKS5 (RFC 1928) to a proxy of its host, with names.</summary>
internal static class SocksClient
{
    private const byte UdpAssociate = 3;
    private const byte Connect = 1;

    /// <summary>The reply code of the proxy, and the connection when it is 0.</summary>
    public static (byte Reply, Socket Socket) Open(NetworkNamespace host, int proxy, string name, int port)
    {
        var socket = Ask(host, proxy, Connect, name, port, out byte[] reply);
        return (reply[1], socket);
    }

    /// <summary>
    /// Sends a datagram to a name through an association of its own, again when no answer comes, and waits for the answer's payload; null when none comes after the third.
    /// </summary>
    public static byte[]? Exchange(NetworkNamespace host, int proxy, string name, int port, byte[] payload) =>
        Enumerable.Range(0, 3).Select(_ => ExchangeOnce(host, proxy, name, port, payload)).FirstOrDefault(answer => answer is not null);

    private static byte[]? ExchangeOnce(NetworkNamespace host, int proxy, string name, int port, byte[] payload)
    {
        using var control = Ask(host, proxy, UdpAssociate, "0.0.0.0", 0, out byte[] reply);
        if (reply[1] != 0)
            return null;
        using var socket = host.Enter(() =>
        {
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
            udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return udp;
        });
        var relay = new IPEndPoint(IPAddress.Loopback, reply[^2] << 8 | reply[^1]);
        socket.SendTo([0, 0, 0, .. Address(name, port), .. payload], relay);
        byte[] answer = new byte[65_536];
        try
        {
            // The header of an IPv4 address; the overlay address of the name stands in it.
            int length = socket.Receive(answer);
            return answer[3] == 1 ? answer[10..length] : answer[22..length];
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TimedOut)
        {
            return null;
        }
    }

    private static Socket Ask(NetworkNamespace host, int proxy, byte command, string name, int port, out byte[] reply)
    {
        var socket = Services.Connect(host, "127.0.0.1", proxy);
        socket.ReceiveTimeout = 60_000;
        socket.Send([5, 1, 0]);
        Read(socket, 2);
        socket.Send([5, command, 0, .. Address(name, port)]);
        byte[] head = Read(socket, 4);
        reply = [.. head, .. Read(socket, head[3] == 1 ? 6 : 18)];
        return socket;
    }

    private static byte[] Address(string name, int port) => IPAddress.TryParse(name, out var address)
        ? [address.AddressFamily == AddressFamily.InterNetwork ? (byte)1 : (byte)4, .. address.GetAddressBytes(), (byte)(port >> 8), (byte)port]
        : [3, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)(port >> 8), (byte)port];

    private static byte[] Read(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            int read = socket.Receive(bytes.AsSpan(at));
            if (read == 0)
                throw new IOException("The proxy closed the connection.");
            at += read;
        }

        return bytes;
    }
}
