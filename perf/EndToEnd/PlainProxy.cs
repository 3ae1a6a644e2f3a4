using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>A TCP proxy without tunnel, policy or stack of its own: what accepting, dialling and copying cost anyway.</summary>
internal sealed class PlainProxy : IDisposable
{
    private readonly NetworkNamespace _host;
    private readonly IPEndPoint _target;
    private readonly Socket _listener;

    internal PlainProxy(NetworkNamespace host, string address, string target, int targetPort)
    {
        _host = host;
        _target = new IPEndPoint(IPAddress.Parse(target), targetPort);
        _listener = host.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _listener.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        _listener.Listen(4096);
        // Threads inherit the namespace of their creator, and each dials inside it.
        for (int i = 0; i < Environment.ProcessorCount; i++)
            _host.Enter(() => StartThread(Accept));
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private static Thread StartThread(Action run)
    {
        var thread = new Thread(() => run()) { IsBackground = true, Name = "plain proxy" };
        thread.Start();
        return thread;
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.Accept();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                _ = JoinAsync(client, server);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task JoinAsync(Socket client, Socket server)
    {
        using var ownedClient = client;
        using var ownedServer = server;
        try
        {
            client.NoDelay = true;
            await server.ConnectAsync(_target).ConfigureAwait(false);
            await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client)).ConfigureAwait(false);
        }
        catch (SocketException)
        {
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16384];
        for (int length; (length = await from.ReceiveAsync(buffer).ConfigureAwait(false)) > 0;)
            await to.SendAsync(buffer.AsMemory(0, length)).ConfigureAwait(false);
        to.Shutdown(SocketShutdown.Send);
    }
}
