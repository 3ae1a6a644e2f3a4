namespace Keyhole.Control;

/// <summary>The external clients of one organisation: what is known of them, and whether they may work.</summary>
internal sealed class ExternalClients(Ledger ledger, AgentHub hub)
{
    /// <summary>Revocations are promised within a second to enforcers that are in contact.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public IReadOnlyList<ExternalClientView> List()
    {
        var network = ledger.Compiled;
        return [.. network.State.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient).Select(client => View(network, client))];
    }

    /// <exception cref="OperatorException">There is no such client.</exception>
    public ExternalClientView Show(string name)
    {
        var network = ledger.Compiled;
        return View(network, Find(network.State, name));
    }

    /// <summary>Lets a client work or not. One that may not is in no table: its session ends, its handshakes are ignored, its keys and addresses stay.</summary>
    /// <exception cref="OperatorException">There is no such client.</exception>
    public async Task<EnforcementReport> SetEnabledAsync(string name, bool enabled, Actor actor)
    {
        Peer? client = null;
        var (before, after) = ledger.Change(
            state => Transitions.Enable(state, client = Find(state, name), enabled),
            (_, _) => new AuditEntry(actor, enabled ? "enable" : "disable", $"external-client {client!.Name}"));
        return before == after || hub.FindEnforcement(after.State.Revision) is not { } enforcement
            ? EnforcementReport.Nobody
            : await enforcement.WaitAsync(hub.IsConnected, Patience);
    }

    /// <exception cref="OperatorException">There is no such client.</exception>
    public static Peer Find(NetworkState state, string name) =>
        state.FindPeer(PeerKind.ExternalClient, name)
            ?? throw OperatorErrors.Unknown("external client", name, state.Peers.Where(peer => peer.Kind == PeerKind.ExternalClient).Select(peer => peer.Name));

    private ExternalClientView View(CompiledNetwork network, Peer client) => new(
        client.Name,
        [$"{client.Ipv4}", $"{client.Ipv6}"],
        client.Dns,
        client.PublicKey,
        client.KeySource.ToString().ToLowerInvariant(),
        client.Sealed,
        client.Enabled,
        client.Expired,
        client.Expires,
        HandedConfig.Read(client.HandedOut) is { } handed ? new ConfigView(handed.At, Outdated(network, client, handed)) : null,
        SessionOf(network, client));

    /// <summary>While a client may not work nothing is said of its configuration: it was granted nothing then.</summary>
    private static IReadOnlyList<string> Outdated(CompiledNetwork network, Peer client, HandedConfig handed)
    {
        if (client is { Enabled: false } or { Expired: true })
            return [];
        var usable = Gateways.Of(network.State, client.Sealed);
        var relay = usable.FirstOrDefault(relay => relay.Name == handed.Content.Peers[0].Name) ?? (usable.Count > 0 ? usable[0] : null);
        return relay is not null ? handed.OutdatedBy(ConfigContent.Of(network, client, relay))
            : client.Sealed ? ["there is no relay any more"] : ["no relay is a gateway any more"];
    }

    private ClientSessionView? SessionOf(CompiledNetwork network, Peer client)
    {
        if (client.PublicKey is not { } key || hub.FindSession(key) is not var (relay, isConnected, session))
            return null;
        return new ClientSessionView(
            network.NameOf(relay),
            client.Enabled && !client.Expired ? isConnected ? session.Live : null : false,
            session.Endpoint,
            Time(session.LastHandshakeAt),
            session.BytesReceived,
            session.BytesSent,
            session.Contest is { } contest ? new ContestView([contest.First, contest.Second], Time(contest.At)!.Value) : null);
    }

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } instant ? DateTimeOffset.FromUnixTimeMilliseconds(instant) : null;
}
