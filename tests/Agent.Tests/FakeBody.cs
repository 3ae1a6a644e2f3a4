using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Keyhole.Contracts;

namespace Keyhole.Agent.Tests;

/// <summary>A data path that writes down what it is told.</summary>
internal sealed class FakeBody : IAgentBody
{
    private readonly TaskCompletionSource _completion = new();

    public ConcurrentQueue<(int Agent, Table Table)> Applied { get; } = new();

    public TaskCompletionSource Draining { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool Disposed { get; private set; }

    /// <summary>No status before that.</summary>
    public Task Answering { get; init; } = Task.CompletedTask;

    /// <summary>Nothing runs that a graceful stop would wait for.</summary>
    public bool IsIdle { get; init; }

    /// <summary>Until then it undoes what it did.</summary>
    public Task Undoing { get; init; } = Task.CompletedTask;

    public Task Completion => _completion.Task;

    public bool IsReady { get; set; }

    public ISshHosts? Ssh { get; init; }

    public string Status { get; set; } = """{"relays":[{"name":"vps","live":true}],"flows":0,"note":null}""";

    public void Fail(Exception exception) => _completion.SetException(exception);

    public ValueTask<Enforcement> ApplyAsync(int agent, Table table)
    {
        Applied.Enqueue((agent, table));
        return new(new Enforcement(table.Sites.Count));
    }

    public async ValueTask<JsonObject> StatusAsync()
    {
        await Answering;
        return JsonNode.Parse(Status)!.AsObject();
    }

    public ValueTask<StatusMessage> ReportAsync() => new(new StatusMessage(false, 3, []));

    public ValueTask WriteMetricsAsync(PrometheusText text)
    {
        text.Counter("keyhole_test_total", "A test.", 5, ("reason", "a\"b"));
        return default;
    }

    public async Task DrainAsync(CancellationToken hurry)
    {
        Draining.SetResult();
        if (!IsIdle)
            await Task.Delay(Timeout.Infinite, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await Undoing;
        Disposed = true;
    }
}
