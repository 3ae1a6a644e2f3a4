using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Keyhole.Control.Tests;

/// <summary>A way to a database on which nobody listens before the gate is opened; all else passes.</summary>
internal sealed class PostgresGate : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly UnixDomainSocketEndPoint _server;

    /// <param name="source">The connection string of a database that is reached by a Unix socket.</param>
    public PostgresGate(string source)
    {
        var options = new NpgsqlConnectionStringBuilder(source);
        _server = new UnixDomainSocketEndPoint(Path.Combine(options.Host!, ".s.PGSQL.5432"));
        _listener.Start();
        (options.Host, options.Port, options.SslMode) = ("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, SslMode.Disable);
        Source = options.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>The connection string that leads through the gate.</summary>
    public string Source { get; }

    public void Open() => _open.TrySetResult();

    public void Dispose()
    {
        Open();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ConnectAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        using var from = new NetworkStream(client, ownsSocket: true);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var to = new NetworkStream(await ConnectedAsync(socket), ownsSocket: true);
        await Task.WhenAny(PassAsync(from, to), PassAsync(to, from));
    }

    private async Task<Socket> ConnectedAsync(Socket socket)
    {
        await socket.ConnectAsync(_server);
        return socket;
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[65536];
        try
        {
            for (int length; (length = await from.ReadAsync(buffer)) != 0;)
            {
                // The driver writes a statement this short in one piece.
                if (buffer.AsSpan(0, length).IndexOf("LISTEN keyhole"u8) >= 0)
                    await _open.Task;
                await to.WriteAsync(buffer.AsMemory(0, length));
            }
        }
        catch (IOException)
        {
            // One of them is gone: so is the other.
        }
    }
}
