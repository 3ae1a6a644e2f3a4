using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Keyhole.Contracts;

namespace Keyhole.Agent.Tests;

/// <summary>Control's end of the WebSocket on loopback, driven by the test line by line.</summary>
internal sealed class FakeControl : IDisposable
{
    private readonly HttpListener _listener = new();

    public FakeControl(int port = 0)
    {
        Port = port != 0 ? port : FreePort();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
    }

    public int Port { get; }

    public Uri Endpoint => new($"http://127.0.0.1:{Port}/");

    public async Task<Conversation> AcceptAsync()
    {
        var context = await _listener.GetContextAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(AgentWire.Path, context.Request.RawUrl);
        Assert.Equal("test-id", context.Request.Headers[AgentWire.IdHeader]);
        Assert.Equal("test-secret", context.Request.Headers[AgentWire.SecretHeader]);
        return new Conversation((await context.AcceptWebSocketAsync(null)).WebSocket);
    }

    /// <param name="contentType">Control's own; a proxy before it says something else.</param>
    public async Task RefuseAsync(int status, string contentType = "application/problem+json")
    {
        var context = await _listener.GetContextAsync().WaitAsync(TimeSpan.FromMinutes(2));
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.Close();
    }

    public void Dispose() => _listener.Close();

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    internal sealed class Conversation(WebSocket socket) : IDisposable
    {
        private readonly byte[] _buffer = new byte[64 * 1024];

        public Task SayAsync(ControlMessage message) => SayAsync(AgentWire.Write(message));

        public Task SayAsync(byte[] text) => socket.SendAsync(text, WebSocketMessageType.Text, true, default);

        public async Task<T> HearAsync<T>() where T : AgentMessage
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            while (true)
            {
                var part = await socket.ReceiveAsync(_buffer, patience.Token);
                var message = AgentWire.ReadAgentMessage(_buffer.AsSpan(0, part.Count));
                if (message is not StatusMessage || typeof(T) == typeof(StatusMessage))
                    return Assert.IsType<T>(message);
            }
        }

        public async Task HangUpAsync() => await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);

        public void Dispose() => socket.Dispose();
    }
}
