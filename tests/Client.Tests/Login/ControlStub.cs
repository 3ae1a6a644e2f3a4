using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Keyhole.Client.Tests;

/// <summary>What a machine that logs in asks of Control, over HTTP on loopback, answered as the test has it.</summary>
internal sealed class ControlStub : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<string, int, (int Status, string Body)?> _answer;
    private readonly ConcurrentDictionary<string, int> _counts = [];

    /// <param name="answer">From the path behind /api/v1/ and how often it was asked before to status and body; null: the connection breaks.</param>
    public ControlStub(Func<string, int, (int Status, string Body)?> answer)
    {
        _answer = answer;
        for (int round = 0; ; round++)
        {
            Endpoint = $"http://127.0.0.1:{FreePort()}/";
            _listener.Prefixes.Add(Endpoint);
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (round < 20)
            {
                // Another program was faster.
                _listener.Prefixes.Clear();
            }
        }

        _ = ServeAsync();
    }

    public string Endpoint { get; }

    public int Count(string path) => _counts.GetValueOrDefault(path);

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            string path = context.Request.Url!.AbsolutePath["/api/v1/".Length..];
            int before = _counts.AddOrUpdate(path, 1, (_, count) => count + 1) - 1;
            if (_answer(path, before) is not var (status, body))
            {
                context.Response.Abort();
                continue;
            }

            // A connection that is used again may be one that was just closed: a question would be lost that no test lets go.
            context.Response.KeepAlive = false;
            context.Response.StatusCode = status;
            context.Response.Close(Encoding.UTF8.GetBytes(body), willBlock: true);
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
