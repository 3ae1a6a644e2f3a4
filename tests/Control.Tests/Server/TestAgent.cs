using System.Net.WebSockets;

namespace Keyhole.Control.Tests;

/// <summary>An agent as the wire sees it, which follows its table but confirms only when it is told to.</summary>
internal sealed class TestAgent : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket;
    private readonly AgentKind _kind;

    private TestAgent(ClientWebSocket socket, AgentKind kind)
    {
        _socket = socket;
        _kind = kind;
    }

    public Table? Table { get; private set; }

    /// <summary>Its own row's identifier, as the snapshot told.</summary>
    public int Id { get; private set; }

    public string PublicKey { get; init; } = NewPublicKey();

    public static string NewPublicKey() => Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    /// <exception cref="WebSocketException">The server refused.</exception>
    public static async Task<TestAgent> ConnectAsync(Uri server, CredentialAnswer credential, AgentKind kind, string? publicKey = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(AgentWire.IdHeader, credential.Id);
        socket.Options.SetRequestHeader(AgentWire.SecretHeader, credential.Secret);
        using var deadline = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = AgentWire.Path }.Uri, deadline.Token);
        return new TestAgent(socket, kind) { PublicKey = publicKey ?? NewPublicKey() };
    }

    public Task HelloAsync(long revision = 0) => SendAsync(new HelloMessage(_kind, PublicKey, "1.2.3-test", revision));

    public Task AckAsync(int flowsCut = 0) => SendAsync(new AckMessage(Table!.Revision, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), flowsCut));

    public Task SendAsync(AgentMessage message) => SendRawAsync(AgentWire.Write(message), WebSocketMessageType.Text);

    public async Task SendRawAsync(byte[] bytes, WebSocketMessageType type)
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _socket.SendAsync(bytes, type, endOfMessage: true, deadline.Token);
    }

    /// <summary>The next message, or null when the server closed.</summary>
    public async Task<ControlMessage?> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return AgentWire.ReadControlMessage(message.ToArray()) ?? throw new InvalidOperationException("The server broke the contract.");
        }
    }

    /// <summary>Answers the server's pings until the connection ends, whatever comes.</summary>
    public async Task ListenAsync(CancellationToken cancelled)
    {
        var buffer = new byte[16 * 1024];
        while ((await _socket.ReceiveAsync(buffer.AsMemory(), cancelled)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    /// <summary>Reads one message that changes the table, and follows it.</summary>
    public async Task<ControlMessage> ReadTableAsync()
    {
        var message = await ReadAsync();
        switch (message)
        {
            case SnapshotMessage snapshot:
                (Id, Table) = (snapshot.Agent, snapshot.Table);
                break;
            case DeltaMessage delta:
                Table = Table!.Apply(delta.Delta) ?? throw new InvalidOperationException("The delta does not start where the agent is.");
                break;
            case CurrentMessage current:
                Assert.Equal(Table?.Revision ?? current.Revision, current.Revision);
                break;
            default:
                throw new InvalidOperationException($"Not a table: {message}");
        }

        return message;
    }

    /// <summary>Reads the refusal and the end of the connection behind it.</summary>
    public async Task<RefusedMessage> ReadRefusalAsync()
    {
        ControlMessage? message;
        do
        {
            message = await ReadAsync();
        }
        while (message is SnapshotMessage or DeltaMessage or CurrentMessage);
        Assert.Null(await ReadAsync());
        return Assert.IsType<RefusedMessage>(message);
    }

    public async Task CloseAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
    }

    public void Dispose() => _socket.Dispose();
}
