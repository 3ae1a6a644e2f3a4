using System.Diagnostics;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Keyhole.Contracts;

namespace Keyhole.Perf;

/// <summary>An agent without a data path: it confirms every table at once.</summary>
internal sealed class CrowdAgent(AgentKind kind, (string Id, string Secret) credential) : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly string _publicKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private long _toldAt;
    private long _revision;

    /// <summary>When the last table or change of one was here; by <see cref="Stopwatch"/>.</summary>
    internal long ToldAt => Volatile.Read(ref _toldAt);

    internal bool IsConnected => _socket.State == WebSocketState.Open;

    /// <summary>Returns when the first table is here.</summary>
    internal async Task ConnectAsync(Uri server)
    {
        _socket.Options.SetRequestHeader(AgentWire.IdHeader, credential.Id);
        _socket.Options.SetRequestHeader(AgentWire.SecretHeader, credential.Secret);
        await _socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = AgentWire.Path }.Uri, CancellationToken.None);
        await HelloAsync(null);
        var buffer = new byte[64 * 1024];
        var message = new MemoryStream();
        await ReadAsync(buffer, message);
        _ = FollowAsync(buffer, message);
    }

    internal Task HelloAsync(TlsOffer? tls) => SendAsync(new HelloMessage(kind, _publicKey, "bench", _revision, tls));

    internal async Task SendAsync(AgentMessage message)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(AgentWire.Write(message).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task FollowAsync(byte[] buffer, MemoryStream message)
    {
        try
        {
            while (true)
                await ReadAsync(buffer, message);
        }
        catch (Exception error) when (error is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The end of the measurement.
        }
    }

    private async Task ReadAsync(byte[] buffer, MemoryStream message)
    {
        message.SetLength(0);
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        Volatile.Write(ref _toldAt, Stopwatch.GetTimestamp());
        _revision = AgentWire.ReadControlMessage(message.GetBuffer().AsSpan(0, (int)message.Length)) switch
        {
            SnapshotMessage snapshot => snapshot.Table.Revision,
            DeltaMessage delta => delta.Delta.Revision,
            CurrentMessage current => current.Revision,
            RefusedMessage refused => throw new InvalidOperationException(refused.Text),
            _ => throw new InvalidOperationException("The server broke the contract."),
        };
        await SendAsync(new AckMessage(_revision, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), 0));
    }
}
