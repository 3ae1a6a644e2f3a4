using System.Net.WebSockets;
using System.Threading.Channels;

namespace Keyhole.Control;

/// <summary>
/// One WebSocket of one agent. Sending is driven by a wake-up that holds at most one entry: an agent that is slow to read gets
/// one delta for many changes, and Control keeps nothing per change.
/// </summary>
/// <remarks>
/// <code>
/// opened → hello → attached ⇄ (wake: snapshot or delta; ack, status, hello 0)
///    └── 10 s ──┴──── refused, replaced, revoked, closed by the agent, stopped ──→ closed
/// </code>
/// </remarks>
internal sealed class AgentLink(WebSocket socket, Agent agent, Credential credential, string address, AgentHub hub, Ledger ledger, ILogger log)
{
    private const int ReceiveBufferLength = 4096;
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _wakeUps = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TaskCompletionSource<(RefusedMessage? Refusal, string Reason)> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SshQuestions _questions = new();
    private volatile bool _attached;
    private volatile bool _wantsSnapshot;

    /// <summary>Every hello has an answer, though nothing is new: by it the agent sees that the connection stands.</summary>
    private volatile bool _wantsAnswer;

    /// <summary>The table that the agent holds once it has read everything; the sending side's own after the hello.</summary>
    private Table? _sent;

    public Agent Agent => agent;

    public Credential Credential => credential;

    /// <summary>The agent, as the one who changes something.</summary>
    public Actor Actor => new(hub.NameOf(agent), address);

    /// <summary>The network changed: look whether the agent's table did.</summary>
    public void Wake() => _wakeUps.Writer.TryWrite(true);

    /// <summary>Has a connector prepare an account, behind the newest table.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public Task<SshOutcome> AskAsync(int resource, SshAccountOrder order, TimeSpan patience, TimeProvider time, CancellationToken cancelled)
    {
        var asked = _questions.AskAsync(resource, order, patience, time, cancelled);
        Wake();
        return asked;
    }

    /// <summary>Tells the agent why, and closes.</summary>
    public void Refuse(RefusalReason reason, string text) => _end.TrySetResult((new RefusedMessage(reason, text), text));

    /// <summary>Closes without blame: the agent may come again at once.</summary>
    public void Stop(string reason = "Control stops") => _end.TrySetResult((null, reason));

    /// <summary>Returns when the connection is over.</summary>
    public async Task RunAsync(CancellationToken aborted)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var sending = SendAsync(over.Token);
        var receiving = ReceiveAsync(over.Token);
        string reason = "closed by the agent";
        try
        {
            var first = await Task.WhenAny(receiving, sending, _end.Task);
            if (_end.Task.IsCompleted)
                reason = await FarewellAsync(await _end.Task, sending, receiving);
            else
                await CloseAsync(first);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException or OperatorException)
        {
            reason = _end.Task is { IsCompletedSuccessfully: true, Result.Refusal: { } refusal } ? refusal.Text
                : error is OperationCanceledException ? "the connection broke or was silent" : error.Message;
        }
        finally
        {
            hub.Detach(this);
            _questions.End();
            await over.CancelAsync();
            socket.Abort();
            // What the agent said last may still be on its way into the database.
            await Task.WhenAll(sending, receiving).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (_attached)
                log.Disconnected(hub.NameOf(agent), reason);
        }
    }

    /// <summary>One direction has ended: by the agent's close frame, which is answered, or by an exception, which is passed on.</summary>
    private async Task CloseAsync(Task ended)
    {
        await ended;
        using var deadline = new CancellationTokenSource(FarewellTimeout);
        if (socket.State == WebSocketState.CloseReceived)
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
    }

    private async Task ReceiveAsync(CancellationToken cancelled)
    {
        using var helloDeadline = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        helloDeadline.CancelAfter(HelloTimeout);
        using var message = new MemoryStream();
        var buffer = new byte[ReceiveBufferLength];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), _attached ? cancelled : helloDeadline.Token);
            if (part.MessageType == WebSocketMessageType.Close)
                return;
            // After a refusal the agent's words are only read away, so that the system does not reset what it has yet to read.
            if (_end.Task.IsCompleted)
                continue;
            message.Write(buffer, 0, part.Count);
            if (part.MessageType != WebSocketMessageType.Text || message.Length > AgentWire.MaximumAgentMessageLength)
            {
                Refuse(RefusalReason.Message, "a message was binary or too long");
                continue;
            }

            if (!part.EndOfMessage)
                continue;
            var read = AgentWire.ReadAgentMessage(message.GetBuffer().AsSpan(0, (int)message.Length));
            message.SetLength(0);
            if (await MayTakeAsync(read, cancelled))
                Take(read);
        }
    }

    /// <summary>An agent that changes the network again and again is read slowly: what it says last counts, a second apart.</summary>
    private async ValueTask<bool> MayTakeAsync(AgentMessage? message, CancellationToken cancelled)
    {
        if (!Changes(message))
            return true;
        if ((message is SshHostMessage host ? hub.ReserveSsh(agent, host.Resource) : hub.Reserve(agent)) is not { } wait)
        {
            Refuse(RefusalReason.Message, "the agent changes its key, its TLS offer or its draining, or tells of other SSH hosts, all the time");
            return false;
        }

        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, cancelled);
        return !_end.Task.IsCompleted;
    }

    /// <summary>Whether the network would be another one after the message.</summary>
    private bool Changes(AgentMessage? message) => message switch
    {
        HelloMessage hello when hello.Kind == agent.Kind => Transitions.ReportKey(ledger.State, credential, hello.PublicKey) != ledger.State
            || (agent.Kind == AgentKind.Relay && Transitions.ReportTls(ledger.State, agent, hello.Tls) != ledger.State),
        StatusMessage status when _attached && agent.Kind == AgentKind.Connector => ledger.Compiled.IsDraining(agent) != status.Draining,
        SshHostMessage host when _attached && agent.Kind == AgentKind.Connector && SshHosts.IsSound(host) => hub.Changes(this, host),
        _ => false,
    };

    private void Take(AgentMessage? message)
    {
        switch (message)
        {
            case HelloMessage hello:
                TakeHello(hello);
                break;
            case AckMessage ack when _attached:
                hub.NoteAck(this, ack);
                break;
            case StatusMessage status when _attached:
                hub.NoteStatus(this, status);
                break;
            case SshHostMessage host when _attached && agent.Kind == AgentKind.Connector && SshHosts.IsSound(host):
                hub.NoteSshHost(this, host);
                break;
            case SshProvisionedMessage answer when _attached && agent.Kind == AgentKind.Connector:
                _questions.Answer(answer);
                break;
            default:
                Refuse(RefusalReason.Message, _attached ? "a message was not understood" : "the first message must be a hello");
                break;
        }
    }

    private void TakeHello(HelloMessage hello)
    {
        if (hello.Kind != agent.Kind)
        {
            Refuse(RefusalReason.Kind, $"this ID belongs to a {Names.Of(agent.Kind)}, not to a {Names.Of(hello.Kind)}");
            return;
        }

        if (!KeySyntax.IsPublicKey(hello.PublicKey) || hello.Revision < 0)
        {
            Refuse(RefusalReason.Message, "the hello holds no valid public key or revision");
            return;
        }

        // Asked first: what the hello changes is sent at once.
        bool goesOn = _attached && hub.Holds(this, hello.Revision);
        // It comes from another server, which knows a newer network: an enforced revocation must not be taken back here.
        if (hello.Revision > ledger.State.Revision)
            ledger.Follow();

        bool bound = TryBindKey(hello.PublicKey);
        if (RefuseWhenOver())
            return;
        if (!bound)
        {
            Refuse(RefusalReason.Message, "this public key belongs to another agent or client; every agent makes its own");
            return;
        }

        if (!TryNoteTls(hello.Tls))
        {
            Refuse(RefusalReason.Message, "the hello holds no valid TLS port or pin");
            return;
        }

        string version = Findings.Shown(hello.Version);
        var held = hub.Attach(this, version, hello.Revision);
        if (_attached)
        {
            _wantsSnapshot |= !goesOn;
        }
        else
        {
            log.Connected(hub.NameOf(agent), address, version, hello.Revision);
            _sent = held;
            _attached = true;
        }

        _wantsAnswer = true;
        // A change between the look at the credential and now would have missed this link.
        RefuseWhenOver();
        Wake();
    }

    private bool RefuseWhenOver()
    {
        if (ledger.Compiled.FindCredential(credential.Id)?.Hash == credential.Hash)
            return false;
        Refuse(RefusalReason.Revoked, "the secret was replaced, or the agent is no part of the network any more");
        return true;
    }

    private bool TryBindKey(string publicKey)
    {
        // An agent that comes again needs no database: its key is known.
        if (Transitions.ReportKey(ledger.State, credential, publicKey) == ledger.State)
            return true;
        bool free = true;
        string? old = null;
        var (before, after) = ledger.Change(
            state =>
            {
                old = state.ReportedKeyOf(agent);
                var next = Transitions.ReportKey(state, credential, publicKey);
                free = next is not null;
                return next ?? state;
            },
            (_, _) => new AuditEntry(Actor, "report-key", hub.NameOf(agent), old, publicKey));
        if (before != after && old is null)
            log.KeyBound(hub.NameOf(agent), publicKey);
        else if (before != after && old != publicKey)
            log.KeyReplaced(hub.NameOf(agent), publicKey, old!);
        return free;
    }

    private bool TryNoteTls(TlsOffer? tls)
    {
        if (agent.Kind != AgentKind.Relay)
            return tls is null;
        if (tls is not null && (tls.Port is < 1 or > ushort.MaxValue || (tls.Pin is not null && !KeySyntax.IsDigest(tls.Pin))))
            return false;
        if (Transitions.ReportTls(ledger.State, agent, tls) == ledger.State)
            return true;
        ledger.Change(
            state => Transitions.ReportTls(state, agent, tls),
            (_, _) => new AuditEntry(Actor, "report-tls", hub.NameOf(agent), Before: null, tls is null ? "off" : $"port {tls.Port}, pin {tls.Pin ?? "none"}"));
        return true;
    }

    private async Task SendAsync(CancellationToken cancelled)
    {
        await foreach (bool _ in _wakeUps.Reader.ReadAllAsync(cancelled))
        {
            if (!_attached)
                continue;
            bool snapshot = _wantsSnapshot || _sent is null;
            _wantsSnapshot = false;
            bool answers = _wantsAnswer;
            _wantsAnswer = false;
            var table = ledger.Compiled.TableOf(agent);
            if (snapshot)
                await SendAsync(new SnapshotMessage(agent.Id, table), table, cancelled);
            else if (!AgentHub.IsSame(_sent!, table) || (answers && TellsHosts(table, _sent!)))
                await SendAsync(new DeltaMessage(TableDelta.Between(_sent!, table)), table, cancelled);
            else if (answers)
                await SendAsync(new CurrentMessage(_sent!.Revision), _sent, cancelled);
            else
                hub.NoteUnchanged(this);
            while (_questions.Next() is { } question)
                await SendAsync(question, cancelled);
        }
    }

    /// <summary>The same rows at a later revision matter to auth daemons: another connector may have told them of a table between the two.</summary>
    private static bool TellsHosts(Table table, Table sent) => table.Ssh.Count > 0 && table.Revision > sent.Revision;

    private async Task SendAsync(ControlMessage message, Table table, CancellationToken cancelled)
    {
        // Noted first: the answer may be here before the send returns.
        _sent = table;
        hub.NoteSent(this, table);
        await SendAsync(message, cancelled);
    }

    private async Task SendAsync(ControlMessage message, CancellationToken cancelled)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        deadline.CancelAfter(SendTimeout);
        await socket.SendAsync(AgentWire.Write(message).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
    }

    /// <summary>The last message, then the close frame; the agent has two seconds to read both and to close too.</summary>
    private async Task<string> FarewellAsync((RefusedMessage? Refusal, string Reason) end, Task sending, Task receiving)
    {
        var (refusal, reason) = end;
        using var deadline = new CancellationTokenSource(FarewellTimeout);
        _wakeUps.Writer.TryComplete();
        await sending.WaitAsync(deadline.Token);
        if (refusal is not null)
            await socket.SendAsync(AgentWire.Write(refusal).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
        await socket.CloseOutputAsync(refusal is null ? WebSocketCloseStatus.EndpointUnavailable : WebSocketCloseStatus.PolicyViolation, reason, deadline.Token);
        await receiving.WaitAsync(deadline.Token);
        return reason;
    }
}
