using System.Reflection;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>What the operator's commands do, inside the server.</summary>
internal sealed class OperatorService(Networks networks, TimeProvider time)
{
    /// <summary>Revocations are promised within a second to enforcers that are in contact.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <exception cref="OperatorException">The network moved on since the plan, or the change cannot be stored.</exception>
    public async Task<ApplyAnswer> ApplyAsync(ApplyRequest request)
    {
        var network = DescriptionReader.OrganisationOf(request.Text) is { } name ? networks.Find(name) : null;
        network?.Ledger.Expire();
        return request.PlanOnly ? MakePlan(network, request)
            : network is null ? await CreateAsync(request)
            : await ChangeAsync(network, request);
    }

    /// <exception cref="OperatorException">The network holds no such agent.</exception>
    public async Task<CredentialAnswer> RotateAsync(CredentialRequest request, string? organisation)
    {
        var network = networks.Choose(organisation);
        string secret = AgentSecret.NewSecret();
        Credential? made = null;
        string name = "";
        var (before, after) = network.Ledger.Change(
            state =>
            {
                var agent = Find(state, request);
                string id = state.Credentials.FirstOrDefault(credential => credential.Agent == agent)?.Id ?? AgentSecret.NewId(request.Kind);
                made = new Credential(id, agent, AgentSecret.Hash(id, secret), DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds()));
                name = network.Hub.NameOf(agent);
                return Transitions.Rotate(state, made);
            },
            (_, _) => new AuditEntry(Actor.Operator, "rotate-credential", name, Before: null, made!.Id));
        network.Log.SecretMade(name);
        var enforcement = before.State.Revision == after.State.Revision ? EnforcementReport.Nobody : await FollowAsync(network, after.State.Revision);
        return new CredentialAnswer(made!.Id, secret) { Enforcement = enforcement };
    }

    /// <exception cref="OperatorException">Something of it is wrong.</exception>
    public ProvisioningKeyMade MakeProvisioningKey(ProvisioningKeyInput request, string? organisation)
    {
        var network = networks.Choose(organisation);
        try
        {
            var (made, key) = new ProvisioningKeys(networks, time).Create(network, Actor.Operator, request);
            return new ProvisioningKeyMade(ProvisioningKeyView.Of(network.Ledger.State, made), key);
        }
        catch (ApiException error)
        {
            throw new OperatorException(error.Errors.Count == 0 ? error.Message : string.Join("; ", error.Errors.Select(field => $"{field.Key}: {string.Join(", ", field.Value)}")));
        }
    }

    /// <exception cref="OperatorException">Subject or target is nobody or nothing.</exception>
    public ExplainAnswer Explain(ExplainRequest request, string? organisation)
    {
        var network = networks.Choose(organisation);
        var explained = new Explainer(network.Ledger.Compiled, network.Hub.StatusOf).Explain(request.Subject, request.Target);
        return new ExplainAnswer(explained, explained.ToText());
    }

    /// <exception cref="OperatorException">The network holds no such client, or its keys cannot be made.</exception>
    public Task<ConfigAnswer> MakeConfigAsync(ConfigRequest request, string? organisation) =>
        networks.Choose(organisation).Configs.MakeAsync(request, Actor.Operator);

    /// <exception cref="OperatorException">The network holds no such client.</exception>
    public Task<EnforcementReport> SetEnabledAsync(EnableRequest request, string? organisation) =>
        networks.Choose(organisation).Clients.SetEnabledAsync(request.Name, request.Enabled, Actor.Operator);

    /// <exception cref="OperatorException">It is not clear which organisation is meant.</exception>
    public ClientsAnswer ListClients(string? organisation) => new(networks.Choose(organisation).Clients.List());

    /// <exception cref="OperatorException">It is not clear which organisation is meant.</exception>
    public ExportAnswer Export(string? organisation) => new(DescriptionWriter.Write(IsEmpty(organisation) ? NetworkState.Empty : networks.Choose(organisation).Ledger.State));

    /// <exception cref="OperatorException">It is not clear which organisation is meant.</exception>
    public StatusAnswer Status(string? organisation)
    {
        if (IsEmpty(organisation))
            return new StatusAnswer(Version, _startedAt, null, 0, [], [], []);
        var network = networks.Choose(organisation);
        var compiled = network.Ledger.Compiled;
        var state = compiled.State;
        return new StatusAnswer(
            Version,
            _startedAt,
            state.Organisation,
            state.Revision,
            [Overlay.Ipv4.ToString(), Overlay.Organisation(state.OverlayIpv6).ToString()],
            [.. compiled.Agents.OrderBy(agent => agent.Kind).ThenBy(agent => agent.Id).Select(agent => StatusOf(network.Hub, compiled, agent))],
            network.Clients.List());
    }

    public static string Version =>
        Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Before the first network file.</summary>
    private bool IsEmpty(string? organisation) => organisation is null && networks.All.Count == 0;

    private ApplyAnswer MakePlan(Network? network, ApplyRequest request)
    {
        var present = network?.Ledger.Compiled;
        var state = present?.State ?? NetworkState.Empty;
        if (DescriptionReader.Read(request.Text, state, out var found) is not { } description)
            return new ApplyAnswer(found, null, false, state.Revision, EnforcementReport.Nobody);
        var next = Reconcile(state, description);
        var plan = Planner.Compare(state, next) with { Sessions = present is null ? null : SessionsTouched.Between(present, present.Next(next), network!.Hub.SessionsOf) };
        return new ApplyAnswer([], plan, false, state.Revision, EnforcementReport.Nobody);
    }

    /// <summary>The file of an organisation that is not there yet.</summary>
    private async Task<ApplyAnswer> CreateAsync(ApplyRequest request)
    {
        if (DescriptionReader.Read(request.Text, NetworkState.Empty, out var found) is not { } description)
            return new ApplyAnswer(found, null, false, 0, EnforcementReport.Nobody);
        CheckPlanned(NetworkState.Empty, request);
        var network = networks.Create(description.Organisation, state => Reconcile(state, description), Audit);
        var state = network.Ledger.State;
        return await AppliedAsync(network, Planner.Compare(NetworkState.Empty, state), state.Revision);
    }

    private async Task<ApplyAnswer> ChangeAsync(Network network, ApplyRequest request)
    {
        IReadOnlyList<Finding> found = [];
        var (before, after) = network.Ledger.Change(
            state =>
            {
                CheckPlanned(state, request);
                return DescriptionReader.Read(request.Text, state, out found) is { } description ? Reconcile(state, description) : state;
            },
            Audit);
        if (found.Count != 0)
            return new ApplyAnswer(found, null, false, before.State.Revision, EnforcementReport.Nobody);
        var plan = Planner.Compare(before.State, after.State);
        if (before == after)
            return new ApplyAnswer([], plan, false, after.State.Revision, EnforcementReport.Nobody);
        return await AppliedAsync(network, plan, after.State.Revision);
    }

    private static void CheckPlanned(NetworkState state, ApplyRequest request)
    {
        if (request.FromRevision is { } planned && planned != state.Revision)
            throw new OperatorException($"the network changed since the plan (revision {planned} is now {state.Revision}): nothing was applied; run apply again");
    }

    private static AuditEntry Audit(NetworkState from, NetworkState to) =>
        new(Actor.Operator, "apply", $"org {to.Organisation}", $"revision {from.Revision}", Summary(Planner.Compare(from, to)));

    private static async Task<ApplyAnswer> AppliedAsync(Network network, Plan plan, long revision)
    {
        network.Log.Applied(revision, plan.Count('+'), plan.Count('~'), plan.Count('-'));
        return new ApplyAnswer([], plan, true, revision, await FollowAsync(network, revision));
    }

    private static async Task<EnforcementReport> FollowAsync(Network network, long revision)
    {
        if (network.Hub.FindEnforcement(revision) is not { } enforcement)
            return EnforcementReport.Nobody;
        var report = await enforcement.WaitAsync(network.Hub.IsConnected, Patience);
        if (report.Missing.Count != 0 && enforcement.Revoked.Length != 0)
        {
            string missing = string.Join(", ", report.Missing.Select(entry => $"{entry.Agent} ({entry.Reason})"));
            network.Log.NotEnforced(revision, missing, enforcement.Revoked, (long)enforcement.Elapsed.TotalMilliseconds);
        }

        return report;
    }

    private NetworkState Reconcile(NetworkState state, NetworkDescription description)
    {
        try
        {
            return Reconciliation.Reconcile(state, description, time.GetUtcNow(), RandomSource.System);
        }
        catch (OverlayExhaustedException error)
        {
            throw new OperatorException(error.Message);
        }
    }

    private static Agent Find(NetworkState state, CredentialRequest request)
    {
        string kind = Names.Of(request.Kind);
        if (request.Kind == AgentKind.Relay)
        {
            var relay = state.Relays.FirstOrDefault(relay => Names.Comparer.Equals(relay.Name, request.Name))
                ?? throw OperatorErrors.Unknown(kind, request.Name, state.Relays.Select(relay => relay.Name));
            return new Agent(AgentKind.Relay, relay.Id);
        }

        var peerKind = request.Kind switch
        {
            AgentKind.Connector => PeerKind.Connector,
            AgentKind.Machine => PeerKind.Machine,
            _ => throw new OperatorException("devices log in with their user; there is no secret to make"),
        };
        var peer = state.FindPeer(peerKind, request.Name)
            ?? throw OperatorErrors.Unknown(kind, request.Name, state.Peers.Where(peer => peer.Kind == peerKind).Select(peer => peer.Name));
        return peer.Stock
            ? throw new OperatorException($"the {kind} {peer.Name} has a public-key in the network file: a stock WireGuard node runs there and needs no secret")
            : new Agent(request.Kind, peer.Id);
    }

    private static StatusOfAgent StatusOf(AgentHub hub, CompiledNetwork compiled, Agent agent)
    {
        var state = compiled.State;
        string? key = agent.Kind == AgentKind.Relay
            ? state.Relays.First(relay => relay.Id == agent.Id).PublicKey
            : state.Peers.First(peer => peer.Id == agent.Id).PublicKey;
        string kind = Names.Of(agent.Kind);
        return new StatusOfAgent(kind, compiled.NameOf(agent)[(kind.Length + 1)..], state.Credentials.Any(credential => credential.Agent == agent), key, hub.StatusOf(agent));
    }

    private static string Summary(Plan plan) =>
        string.Join("; ", plan.Changes.Select(change => $"{change.Sign}{change.Kind} {change.Name}")
            .Concat(plan.Access.SelectMany(change => change.Loses.Select(resource => $"{change.Client} loses {resource}"))));
}
