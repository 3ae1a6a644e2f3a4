namespace Keyhole.Control;

/// <summary>Has a connector prepare an account, whichever server it is connected to.</summary>
internal sealed class SshProvisioning(Ledger ledger, AgentHub hub, SiblingCalls calls, TimeProvider time)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The other server waits for its connector a little less than it is waited for.</summary>
    private static readonly TimeSpan Detour = TimeSpan.FromSeconds(1);

    /// <exception cref="OperatorException">The database that carries words to another server is away.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public async Task<SshOutcome> AskAsync(int connector, int resource, SshAccountOrder order, CancellationToken cancelled)
    {
        var agent = new Agent(AgentKind.Connector, connector);
        if (hub.LinkOf(agent) is { } link)
            return await link.AskAsync(resource, order, Patience, time, cancelled);
        return hub.ServerOf(agent) is { } server
            ? await calls.AskAsync(server, new SshCall(ledger.Organisation, connector, resource, order, time.GetUtcNow()), Patience, cancelled)
            : new SshOutcome(SshOutcomeKind.NotSent);
    }

    /// <summary>What another server asked.</summary>
    public async Task<SshOutcome> AnswerAsync(SshCall call)
    {
        if (hub.LinkOf(new Agent(AgentKind.Connector, call.Connector)) is not { } link)
            return new SshOutcome(SshOutcomeKind.NotSent);
        // The connector's table must list the user before its order comes.
        ledger.Follow();
        return await link.AskAsync(call.Resource, call.Order, Patience - Detour, time, CancellationToken.None);
    }
}
