using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Keyhole.Contracts;
using Keyhole.Net;

namespace Keyhole.Perf;

/// <summary>
/// An agent without a data path: it confirms every table at once. It lives on the thread of its crowd and does there what has to be done at once: it takes the
/// time, finds the revision, confirms. Whether what it was sent is right is looked at when nothing is measured, by <see cref="Check"/>.
/// </summary>
internal sealed class CrowdAgent(AgentKind kind, (string Id, string Secret) credential) : IReadinessHandler, IDisposable
{
    private const int FirstLength = 2048;

    private readonly string _publicKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<byte[]> _unchecked = [];
    private byte[] _received = new byte[FirstLength];
    private int _length;
    private NonBlockingSocket? _socket;
    private AgentCrowd? _crowd;
    private Stage _stage;
    private Table? _table;
    private long _toldAt;
    private long _revision;

    private enum Stage
    {
        Connecting,
        Upgrading,
        Open,
        Closed,
    }

    /// <summary>When the last table or change of one was here; by <see cref="Stopwatch"/>.</summary>
    internal long ToldAt => Volatile.Read(ref _toldAt);

    internal bool IsConnected => _stage == Stage.Open;

    /// <summary>Begins on the thread of the crowd.</summary>
    /// <returns>Over when the first table is here.</returns>
    internal Task ConnectAsync(AgentCrowd crowd)
    {
        crowd.Post(() =>
        {
            _crowd = crowd;
            _socket = crowd.Connect(this);
        });
        return _ready.Task;
    }

    /// <summary>On the thread of the crowd.</summary>
    internal void Hello(TlsOffer? tls) => Send(new HelloMessage(kind, _publicKey, "bench", _revision, tls));

    /// <summary>On the thread of the crowd.</summary>
    internal void Send(AgentMessage message) => Send(CrowdFrames.Make(message));

    /// <summary>Reads what came since the last time, and follows it.</summary>
    /// <exception cref="InvalidOperationException">The server broke the contract.</exception>
    internal void Check()
    {
        List<byte[]> messages;
        lock (_unchecked)
        {
            messages = [.. _unchecked];
            _unchecked.Clear();
        }

        foreach (var message in messages)
        {
            _table = AgentWire.ReadControlMessage(message) switch
            {
                SnapshotMessage snapshot => snapshot.Table,
                DeltaMessage delta => _table?.Apply(delta.Delta),
                CurrentMessage current when current.Revision == _table?.Revision => _table,
                RefusedMessage refused => throw new InvalidOperationException(refused.Text),
                _ => null,
            } ?? throw new InvalidOperationException("The server broke the contract.");
        }
    }

    void IReadinessHandler.OnReady(Readiness readiness)
    {
        if (_stage == Stage.Connecting)
        {
            _crowd!.Listen(_socket!);
            _stage = Stage.Upgrading;
            Send(Encoding.ASCII.GetBytes(
                $"GET {AgentWire.Path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
                $"Sec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\r\n{AgentWire.IdHeader}: {credential.Id}\r\n{AgentWire.SecretHeader}: {credential.Secret}\r\n\r\n"));
            return;
        }

        int count = _socket!.Receive(_received.AsSpan(_length), out _);
        if (count <= 0)
        {
            _stage = Stage.Closed;
            _crowd!.Leave(_socket);
            _ready.TrySetException(new InvalidOperationException("an agent lost its connection while others made theirs"));
            return;
        }

        _length += count;
        int taken = _stage == Stage.Upgrading ? TakeUpgrade() : TakeFrames();
        _received.AsSpan(taken, _length - taken).CopyTo(_received);
        _length -= taken;
        if (_length == _received.Length)
            Array.Resize(ref _received, _received.Length * 2);
    }

    public void Dispose() => _socket?.Dispose();

    private int TakeUpgrade()
    {
        int end = _received.AsSpan(0, _length).IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return 0;
        if (!_received.AsSpan().StartsWith("HTTP/1.1 101 "u8))
            throw new InvalidOperationException(Encoding.UTF8.GetString(_received, 0, _length));
        _stage = Stage.Open;
        Hello(null);
        return end + 4;
    }

    private int TakeFrames()
    {
        int taken = 0;
        while (CrowdFrames.TryRead(_received.AsSpan(taken, _length - taken), out int frame, out var payload) is > 0 and int length)
        {
            taken += length;
            if (frame == CrowdFrames.Ping)
                Send(CrowdFrames.Make(CrowdFrames.Pong, payload));
            else if (frame == CrowdFrames.Text)
                TakeTable(payload);
        }

        return taken;
    }

    private void TakeTable(ReadOnlySpan<byte> message)
    {
        Volatile.Write(ref _toldAt, Stopwatch.GetTimestamp());
        // The member stands before the rows, whatever the message; "fromRevision" is spelt otherwise.
        var name = "\"revision\":"u8;
        int at = message.IndexOf(name);
        if (at < 0 || !Utf8Parser.TryParse(message[(at + name.Length)..], out _revision, out _))
            throw new InvalidOperationException(Encoding.UTF8.GetString(message));
        Send(_crowd!.AckOf(_revision));
        lock (_unchecked)
            _unchecked.Add(message.ToArray());
        _ready.TrySetResult();
    }

    private void Send(byte[] bytes)
    {
        if (_socket!.Send(bytes, out var fault) != bytes.Length && _stage != Stage.Closed)
            throw new InvalidOperationException($"The server does not read: {fault}");
    }
}
