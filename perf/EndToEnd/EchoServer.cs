using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>Gives back what it gets, on a host of the lab: for round trips and for short connections.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener;

    internal EchoServer(NetworkNamespace host)
    {
        _listener = host.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        _listener.Listen(4096);
        _ = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync().ConfigureAwait(false));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        socket.NoDelay = true;
        byte[] buffer = new byte[4096];
        try
        {
            for (int length; (length = await socket.ReceiveAsync(buffer).ConfigureAwait(false)) > 0;)
                await socket.SendAsync(buffer.AsMemory(0, length)).ConfigureAwait(false);
        }
        catch (SocketException)
        {
        }
    }
}
