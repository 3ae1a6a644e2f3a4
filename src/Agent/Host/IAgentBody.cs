using System.Text.Json.Nodes;
using Keyhole.Contracts;

namespace Keyhole.Agent;

/// <summary>
/// The data path of an agent as its host sees it. Every call comes from a thread that is not the data thread; an
/// implementation hands it to its data path and completes when that has done it.
/// </summary>
public interface IAgentBody : IAsyncDisposable
{
    /// <summary>Completes, or fails, when the data path ended by itself: the program then ends too.</summary>
    Task Completion { get; }

    /// <summary>True when traffic can flow, by what the data path has shown.</summary>
    bool IsReady { get; }

    /// <summary>What Control is told at every connection: how agents reach this one by TLS; null for not at all.</summary>
    TlsOffer? Tls => null;

    /// <summary>What stands behind the messages about logins by SSH; null: they are unknown to this agent.</summary>
    ISshHosts? Ssh => null;

    /// <summary>Enforces the table: completes when every packet is judged by it. Never called twice at once.</summary>
    /// <param name="agent">The identifier of the agent's own row.</param>
    ValueTask<Enforcement> ApplyAsync(int agent, Table table);

    /// <summary>What the status command prints, beside what the host says of itself: only what the data path has shown.</summary>
    ValueTask<JsonObject> StatusAsync();

    /// <summary>Answers a command of the program's own that asks the running one; null for one that it does not know.</summary>
    /// <returns>With a member "error" the command fails with that text.</returns>
    ValueTask<JsonObject?> AnswerAsync(string request, string argument) => ValueTask.FromResult<JsonObject?>(null);

    /// <summary>What Control is told now and then.</summary>
    ValueTask<StatusMessage> ReportAsync();

    /// <summary>Appends the program's metrics.</summary>
    ValueTask WriteMetricsAsync(PrometheusText text);

    /// <summary>Takes nothing new and completes when what runs has ended; <paramref name="hurry"/> ends it at once.</summary>
    Task DrainAsync(CancellationToken hurry);
}
