using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>Questions to another server on the same database, whose agent has to do something.</summary>
internal sealed class SiblingCalls
{
    public const string Channel = "calls";

    /// <summary>PostgreSQL carries less than 8000 bytes in one notification.</summary>
    private const int MaximumLength = 7800;

    /// <summary>A call of somebody who waits no longer, or one that was written down and is told again.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);

    private readonly NetworkStore _store;
    private readonly string _server;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _open = [];
    private readonly ConcurrentDictionary<string, DateTimeOffset> _taken = [];

    public SiblingCalls(NetworkStore store, string server, TimeProvider time, ILogger log)
    {
        (_store, _server, _time, _log) = (store, server, time, log);
        if (store.Database.IsShared)
            store.Database.Notified += OnNotified;
    }

    /// <summary>Answers what another server asks.</summary>
    public Func<SshCall, Task<SshOutcome>> Answers { get; set; } = static _ => Task.FromResult(new SshOutcome(SshOutcomeKind.NotSent));

    /// <exception cref="OperatorException">The database is away.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public async Task<SshOutcome> AskAsync(string server, SshCall question, TimeSpan patience, CancellationToken cancelled)
    {
        string id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = answer;
        try
        {
            if (!await TrySendAsync(server, id, isAnswer: false, JsonSerializer.Serialize(question, SiblingJson.Default.SshCall), cancelled))
                return new SshOutcome(SshOutcomeKind.TooLong);
            return JsonSerializer.Deserialize(await answer.Task.WaitAsync(patience, _time, cancelled), SiblingJson.Default.SshOutcome)!;
        }
        catch (TimeoutException)
        {
            return new SshOutcome(SshOutcomeKind.Late);
        }
        finally
        {
            _open.TryRemove(id, out _);
        }
    }

    public void Stop() => _store.Database.Notified -= OnNotified;

    private async Task<bool> TrySendAsync(string server, string id, bool isAnswer, string text, CancellationToken cancelled)
    {
        string box = _store.Secrets.Seal(Encoding.UTF8.GetBytes(text), PurposeOf(_server, server, id, isAnswer));
        string payload = JsonSerializer.Serialize(new SiblingCall(_server, server, id, isAnswer, box), SiblingJson.Default.SiblingCall);
        if (Encoding.UTF8.GetByteCount(payload) > MaximumLength)
            return false;
        await _store.Database.NotifyAsync(Channel, payload, cancelled);
        return true;
    }

    private void OnNotified(string channel, string payload)
    {
        if (channel != Channel || Read(payload, SiblingJson.Default.SiblingCall) is not { } call || call.To != _server)
            return;
        try
        {
            string text = Encoding.UTF8.GetString(_store.Secrets.Open(call.Box, PurposeOf(call.From, call.To, call.Id, call.IsAnswer)));
            if (call.IsAnswer && _open.TryGetValue(call.Id, out var open))
                open.TrySetResult(text);
            else if (!call.IsAnswer && Read(text, SiblingJson.Default.SshCall) is { } question && IsNew(call.Id, question.At))
                _ = AnswerAsync(call, question);
        }
        catch (OperatorException error)
        {
            _log.Refused(error.Message);
        }
    }

    private async Task AnswerAsync(SiblingCall call, SshCall question)
    {
        try
        {
            var outcome = await Answers(question);
            if (!await TrySendAsync(call.From, call.Id, isAnswer: true, JsonSerializer.Serialize(outcome, SiblingJson.Default.SshOutcome), CancellationToken.None))
                await TrySendAsync(call.From, call.Id, isAnswer: true, JsonSerializer.Serialize(new SshOutcome(SshOutcomeKind.TooLong), SiblingJson.Default.SshOutcome), CancellationToken.None);
        }
        catch (Exception error) when (error is OperatorException or ObjectDisposedException or InvalidOperationException)
        {
            // The other server waits no longer than it would for any connector.
            _log.Refused(error.Message);
        }
    }

    /// <summary>Each question is answered once.</summary>
    private bool IsNew(string id, DateTimeOffset at)
    {
        var now = _time.GetUtcNow();
        foreach (var (old, taken) in _taken)
        {
            if (now - taken > 2 * Freshness)
                _taken.TryRemove(old, out _);
        }

        return (now - at).Duration() < Freshness && _taken.TryAdd(id, now);
    }

    private static string PurposeOf(string from, string to, string id, bool isAnswer) => $"{(isAnswer ? "answer" : "question")} {id} from server {from} to {to}";

    private static T? Read<T>(string json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
