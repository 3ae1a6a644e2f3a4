using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Keyhole.Agent;

/// <summary>
/// /metrics, /healthz and /readyz over HTTP/1.1 on a loopback address: one request per connection, GET only, no body, and
/// at most <see cref="MaximumConnections"/> at a time.
/// </summary>
internal sealed class MetricsEndpoint : IDisposable
{
    private const int MaximumRequestLength = 8 * 1024;
    private const int MaximumConnections = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly IAgentBody _body;
    private readonly Action<PrometheusText> _host;
    private readonly SemaphoreSlim _places = new(MaximumConnections);
    private readonly CancellationTokenSource _stop = new();

    /// <param name="host">Writes the host's own metrics.</param>
    /// <exception cref="AgentException">The address is in use or not there.</exception>
    public MetricsEndpoint(IPEndPoint address, IAgentBody body, Action<PrometheusText> host)
    {
        _body = body;
        _host = host;
        _listener = new TcpListener(address);
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new AgentException($"--metrics {address}: {e.Message}", e);
        }

        _ = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of file handles, or the caller left: the next accept may do better.
                _places.Release();
                await Task.Delay(100);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                patience.CancelAfter(Patience);
                string? path = await ReadRequestAsync(socket, patience.Token);
                var (status, type, body) = await AnswerAsync(path).WaitAsync(patience.Token);
                byte[] bytes = Encoding.UTF8.GetBytes(body);
                string head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n\r\n");
                await socket.SendAsync(Encoding.ASCII.GetBytes(head), patience.Token);
                await socket.SendAsync(bytes, patience.Token);
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            // The caller left or was too slow.
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The path of a GET, or null for anything else.</summary>
    private static async Task<string?> ReadRequestAsync(Socket socket, CancellationToken patience)
    {
        byte[] buffer = new byte[MaximumRequestLength];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(length), patience);
            if (read == 0)
                return null;
            length += read;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
                break;
        }

        string line = Encoding.ASCII.GetString(buffer, 0, Math.Max(0, buffer.AsSpan(0, length).IndexOf((byte)'\r')));
        string[] words = line.Split(' ');
        return words is ["GET", var path, "HTTP/1.0" or "HTTP/1.1"] ? path : null;
    }

    private async Task<(string Status, string Type, string Body)> AnswerAsync(string? path)
    {
        const string plain = "text/plain; charset=utf-8";
        switch (path)
        {
            case "/metrics":
                var text = new PrometheusText();
                _host(text);
                await _body.WriteMetricsAsync(text);
                return ("200 OK", PrometheusText.ContentType, text.ToString());
            case "/healthz":
                // The data thread answers, or the patience of the request ends.
                await _body.StatusAsync();
                return ("200 OK", plain, "ok\n");
            case "/readyz":
                return _body.IsReady ? ("200 OK", plain, "ready\n") : ("503 Service Unavailable", plain, "not ready\n");
            case null:
                return ("400 Bad Request", plain, "GET /metrics, /healthz or /readyz\n");
            default:
                return ("404 Not Found", plain, "GET /metrics, /healthz or /readyz\n");
        }
    }
}
