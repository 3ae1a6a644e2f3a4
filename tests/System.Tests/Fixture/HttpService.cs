using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A web server of the lab: every request gets the same page.</summary>
internal static class HttpService
{
    public static IDisposable Start(NetworkNamespace host, string address, int port, string page)
    {
        var listener = host.Enter(() =>
        {
            var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            socket.Listen(128);
            return socket;
        });
        _ = AcceptAll(listener, page);
        return listener;
    }

    private static async Task AcceptAll(Socket listener, string page)
    {
        try
        {
            while (true)
                _ = Serve(await listener.AcceptAsync(), page);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return;
        }
    }

    private static async Task Serve(Socket socket, string page)
    {
        using var _ = socket;
        try
        {
            byte[] head = new byte[8192];
            for (int length = 0; head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0 && length < head.Length;)
            {
                int read = await socket.ReceiveAsync(head.AsMemory(length));
                if (read == 0)
                    return;
                length += read;
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {page.Length}\r\nConnection: close\r\n\r\n{page}"));
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAsync(head);
        }
        catch (SocketException)
        {
            return;
        }
    }
}
