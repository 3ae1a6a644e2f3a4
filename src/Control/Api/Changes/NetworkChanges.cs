namespace Keyhole.Control;

/// <summary>Makes the changes that callers ask for, and says how far they are in force.</summary>
internal static class NetworkChanges
{
    /// <summary>Revocations are promised within a second to enforcers that are in contact.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <param name="action">"add", "change", "remove", …: for the audit log.</param>
    /// <param name="subject">"resource web".</param>
    /// <param name="transition">Throws to refuse.</param>
    /// <param name="told">What was there before and is there now, for the audit log; where it is left out, what a plan would say.</param>
    /// <param name="alongside">Runs in the same transaction; throws to refuse.</param>
    /// <exception cref="ApiException">The change goes beyond what the caller holds.</exception>
    public static (NetworkState Before, NetworkState After) Change(
        ApiRequest request,
        string action,
        string subject,
        Func<NetworkState, NetworkState> transition,
        Action<System.Data.Common.DbConnection, System.Data.Common.DbTransaction>? alongside = null,
        Func<NetworkState, (string? Before, string? After)>? told = null)
    {
        request.CheckStillGood();
        var (before, after) = request.Network.Ledger.Change(
            state =>
            {
                var held = HeldIn(request, state);
                var next = transition(state);
                Escalation.Check(state, next, held);
                OwnerAccounts.Check(request.Network.Database, request.Network.Id, state, next);
                return next;
            },
            (from, to) =>
            {
                var (was, now) = told?.Invoke(to) ?? (null, Planned(from, to));
                return new AuditEntry(request.Caller.Actor, action, subject, was, now);
            },
            alongside);
        return (before.State, after.State);
    }

    /// <summary>What the caller holds in the moment of a change: it may have lost since the request began what the route needs.</summary>
    /// <exception cref="ApiException">It has.</exception>
    public static IReadOnlySet<string> HeldIn(ApiRequest request, NetworkState state)
    {
        var held = request.Caller.PermissionsIn(state);
        return request.Context.GetEndpoint()?.Metadata.GetMetadata<Requirement>() is { Permission: { } permission } requirement && !held.Contains(permission)
            ? throw AccessCheck.Forbidden(requirement)
            : held;
    }

    /// <summary>Waits for those who enforce the revision, as long as the promise says.</summary>
    public static async Task<EnforcementView> FollowAsync(Network network, NetworkState before, NetworkState after)
    {
        if (before.Revision == after.Revision || network.Hub.FindEnforcement(after.Revision) is not { } enforcement)
            return EnforcementView.Of(EnforcementReport.Nobody);
        return EnforcementView.Of(await enforcement.WaitAsync(network.Hub.IsConnected, Patience));
    }

    private static string? Planned(NetworkState from, NetworkState to)
    {
        var changes = Planner.Compare(from, to).Changes;
        return changes.Count == 0 ? null
            : string.Join("; ", changes.Select(change => $"{change.Sign}{change.Kind} {change.Name}{(change.Details.Count == 0 ? "" : $" ({string.Join("; ", change.Details)})")}"));
    }
}
