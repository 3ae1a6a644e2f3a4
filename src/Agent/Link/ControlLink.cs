using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// The connection to Control, made again for ever: hello, then snapshots and deltas are enforced one after the other, each
/// acknowledged. A delta that does not follow asks for a snapshot. Nothing that Control says or fails to say ends the agent.
/// Where Control has several endpoints, each attempt goes to the one behind the last. When the network is another one it waits for nothing any more, and a
/// connection that stands has to show that it still does.
/// </summary>
internal sealed class ControlLink
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a hello may go unanswered, or a connection unmade, when the network is another one.</summary>
    private static readonly TimeSpan ProofTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly AgentOptions _options;
    private readonly HelloMessage _hello;
    private readonly TableKeeper _keeper;
    private readonly IAgentBody _body;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SshExchange _ssh;
    private readonly Backoff _backoff;
    private volatile Uri _endpoint;
    private int _attempts;
    private long _heard;
    private volatile bool _connected;
    private bool _wasConnected;
    private bool _outageLogged;

    public ControlLink(AgentOptions options, HelloMessage hello, TableKeeper keeper, IAgentBody body, TimeProvider time, ILogger logger, Func<double> random)
    {
        _options = options;
        _hello = hello;
        _keeper = keeper;
        _body = body;
        _time = time;
        _logger = logger;
        _ssh = new SshExchange(body.Ssh, time, logger);
        _backoff = Backoff.ForControl(random);
        _endpoint = options.Endpoints[0];
    }

    /// <summary>True from the first message of Control until the connection ends.</summary>
    public bool IsConnected => _connected;

    /// <summary>The one of the last attempt.</summary>
    public Uri Endpoint => _endpoint;

    public NetworkChange Network { get; init; } = new();

    /// <summary>How often a status goes to Control.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="AgentException">The login that the agent lives by is over.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var changed = Network.Next;
                var end = await ConnectOnceAsync(stop);
                // What changed while a connection stood has been looked at.
                if (_connected && !end.IsStale)
                    changed = Network.Next;
                _connected = false;
                if (stop.IsCancellationRequested)
                    return;
                if (end.IsOver && _options.Login is not null)
                    throw new AgentException($"the login is over ({end.Reason}): the tunnel is down; log in again with 'keyhole login'");
                LogOutage(end);
                await WaitAsync(end.Slow ? _backoff.Slow() : _backoff.Next(), changed, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task<LinkEnd> ConnectOnceAsync(CancellationToken stop)
    {
        _endpoint = _options.Endpoints[_attempts++ % _options.Endpoints.Count];
        var joined = new Uri(_endpoint, AgentWire.Path.TrimStart('/'));
        var uri = new UriBuilder(joined) { Scheme = joined.Scheme == "https" ? "wss" : "ws" }.Uri;
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(AgentWire.IdHeader, _options.Id);
        socket.Options.SetRequestHeader(AgentWire.SecretHeader, _options.Secret.Expose());
        socket.Options.KeepAliveInterval = PingInterval;
        socket.Options.KeepAliveTimeout = PingTimeout;
        using var reader = new AnswerReader();
        using var invoker = new HttpMessageInvoker(reader);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var outgoing = Channel.CreateUnbounded<AgentMessage>(new UnboundedChannelOptions { SingleReader = true });
        outgoing.Writer.TryWrite(_hello with { Revision = _keeper.Revision });
        var proving = ProveAsync(outgoing.Writer, ended);
        try
        {
            ended.CancelAfter(ConnectTimeout);
            await socket.ConnectAsync(uri, invoker, ended.Token);
            ended.CancelAfter(Timeout.InfiniteTimeSpan);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or HttpRequestException)
        {
            await ended.CancelAsync();
            await proving;
            return FromConnect(reader, e);
        }

        var sending = SendAsync(socket, outgoing.Reader, ended.Token);
        var reporting = ReportAsync(outgoing.Writer, ended);
        try
        {
            return await ReceiveAsync(socket, outgoing.Writer, ended.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            return e is OperationCanceledException && ended.IsCancellationRequested
                ? new LinkEnd("no answer since the network changed", Slow: false) { IsStale = true }
                : new LinkEnd(e is OperationCanceledException ? "the connection was given up" : e.Message, Slow: false);
        }
        finally
        {
            _ssh.Unfollow();
            outgoing.Writer.TryComplete();
            await CloseAsync(socket, sending);
            await ended.CancelAsync();
            await Task.WhenAll(sending, reporting, proving);
        }
    }

    /// <summary>At every change of the network Control is asked for an answer; a connection that brings none is ended.</summary>
    private async Task ProveAsync(ChannelWriter<AgentMessage> outgoing, CancellationTokenSource ended)
    {
        try
        {
            var changed = Network.Next;
            while (true)
            {
                await changed.WaitAsync(ended.Token);
                changed = Network.Next;
                long heard = Volatile.Read(ref _heard);
                outgoing.TryWrite(_hello with { Revision = _keeper.Revision });
                await Task.Delay(ProofTimeout, _time, ended.Token);
                if (Volatile.Read(ref _heard) == heard)
                    await ended.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is over, by itself or from here.
        }
    }

    /// <summary>Says goodbye when the connection still stands, so that Control need not guess.</summary>
    private static async Task CloseAsync(ClientWebSocket socket, Task sending)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
            return;
        using var patience = new CancellationTokenSource(CloseTimeout);
        try
        {
            await sending.WaitAsync(patience.Token);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // It ends without the handshake.
        }
    }

    private LinkEnd FromConnect(AnswerReader answer, Exception e)
    {
        if (answer is { IsControls: true, Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden })
            return new LinkEnd($"unknown ID or wrong secret (ID {_options.Id})", Slow: true, IsRefusal: true) { IsOver = answer.Status == HttpStatusCode.Unauthorized };
        if (answer.Status is not (0 or HttpStatusCode.SwitchingProtocols))
            return new LinkEnd(string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)answer.Status} from {(answer.IsControls ? "" : "what stands before ")}{_endpoint.Authority}"), Slow: false);
        return new LinkEnd(e is OperationCanceledException ? "no answer" : (e.InnerException ?? e).Message, Slow: false);
    }

    /// <summary>The one writer of the socket.</summary>
    private static async Task SendAsync(ClientWebSocket socket, ChannelReader<AgentMessage> outgoing, CancellationToken ended)
    {
        try
        {
            await foreach (var message in outgoing.ReadAllAsync(ended))
                await socket.SendAsync(AgentWire.Write(message), WebSocketMessageType.Text, endOfMessage: true, ended);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The receiving side sees the same end and says why.
        }
    }

    private async Task ReportAsync(ChannelWriter<AgentMessage> outgoing, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                long since = _time.GetTimestamp();
                await Task.Delay(ReportInterval, _time, ended.Token);
                if (!_connected)
                    continue;
                // The machine slept: Control has long given the connection up, and says nothing by it any more.
                if (_time.GetElapsedTime(since) > ReportInterval + PingInterval + PingTimeout)
                    await ended.CancelAsync();
                ended.Token.ThrowIfCancellationRequested();
                // An open connection has answered a ping within PingInterval + PingTimeout.
                _keeper.HeardNow();
                outgoing.TryWrite(await _body.ReportAsync());
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<LinkEnd> ReceiveAsync(ClientWebSocket socket, ChannelWriter<AgentMessage> outgoing, CancellationToken ended)
    {
        byte[] buffer = new byte[16 * 1024];
        bool awaitsSnapshot = _keeper.Current is null;
        while (true)
        {
            int length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                if (length == buffer.Length)
                {
                    if (length >= AgentWire.MaximumControlMessageLength)
                        return new LinkEnd("Control sent a message beyond the limit", Slow: true);
                    Array.Resize(ref buffer, Math.Min(length * 2, AgentWire.MaximumControlMessageLength));
                }

                part = await socket.ReceiveAsync(buffer.AsMemory(length), ended);
                Interlocked.Increment(ref _heard);
                if (part.MessageType == WebSocketMessageType.Close)
                    return new LinkEnd("Control closed the connection", Slow: false);
                length += part.Count;
            }
            while (!part.EndOfMessage);

            if (part.MessageType != WebSocketMessageType.Text || AgentWire.ReadControlMessage(buffer.AsSpan(0, length)) is not { } message
                || (message is SshProvisionMessage && !_ssh.IsKnown))
                return new LinkEnd("Control sent a message that this version does not know", Slow: true);
            if (message is RefusedMessage refused)
                return new LinkEnd($"{refused.Text} (ID {_options.Id})", Slow: true, IsRefusal: true) { IsOver = refused.Reason is RefusalReason.Revoked or RefusalReason.Credential };
            LogConnection();
            _keeper.HeardNow();
            switch (message)
            {
                case SnapshotMessage snapshot:
                    outgoing.TryWrite(await _keeper.ReplaceAsync(snapshot.Agent, snapshot.Table));
                    awaitsSnapshot = false;
                    _ssh.Follow(outgoing);
                    break;
                case DeltaMessage delta when !awaitsSnapshot && _keeper.Current is { } held && held.Table.Apply(delta.Delta) is { } next:
                    outgoing.TryWrite(await _keeper.ReplaceAsync(held.Agent, next));
                    break;
                case CurrentMessage current when !awaitsSnapshot && current.Revision == _keeper.Revision:
                    outgoing.TryWrite(new AckMessage(current.Revision, _time.GetUtcNow().ToUnixTimeMilliseconds(), 0));
                    _ssh.Follow(outgoing);
                    break;
                case SshProvisionMessage order:
                    _ssh.Begin(order, outgoing);
                    break;
                default:
                    // The delta does not follow, or came before the snapshot that was asked for.
                    if (!awaitsSnapshot)
                    {
                        awaitsSnapshot = true;
                        AgentLog.Resync(_logger, _keeper.Revision);
                        outgoing.TryWrite(_hello with { Revision = 0 });
                    }

                    break;
            }
        }
    }

    /// <summary>Until the next attempt. In another network, what was tried in the last one says nothing.</summary>
    private async Task WaitAsync(TimeSpan wait, Task changed, CancellationToken stop)
    {
        await _keeper.ExpireAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (await Task.WhenAny(Task.Delay(wait, _time, enough.Token), changed) == changed)
            _backoff.Reset();
        await enough.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private void LogConnection()
    {
        _backoff.Reset();
        if (_connected)
            return;
        _connected = true;
        AgentLog.Connected(_logger, _endpoint.GetLeftPart(UriPartial.Authority), _wasConnected ? "again" : "");
        _wasConnected = true;
        _outageLogged = false;
    }

    private void LogOutage(LinkEnd end)
    {
        if (_outageLogged)
        {
            AgentLog.StillAway(_logger, end.Reason);
            return;
        }

        _outageLogged = true;
        if (end.IsRefusal)
            AgentLog.Refused(_logger, end.Reason);
        else
            AgentLog.Away(_logger, _endpoint.GetLeftPart(UriPartial.Authority), end.Reason, _keeper.Revision);
    }

    /// <summary>Why a connection ended, in words for the operator.</summary>
    private sealed record LinkEnd(string Reason, bool Slow, bool IsRefusal = false)
    {
        /// <summary>The credential is gone for good.</summary>
        public bool IsOver { get; init; }

        /// <summary>It was made in a network that is left.</summary>
        public bool IsStale { get; init; }
    }
}
