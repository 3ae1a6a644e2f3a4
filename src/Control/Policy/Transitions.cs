namespace Keyhole.Control;

/// <summary>The changes of a network that come from elsewhere than its description: agents, time, credentials and devices.</summary>
internal static class Transitions
{
    /// <summary>
    /// An agent told its static key: the first one is bound to it, another one replaces it (the secret is what proves the agent).
    /// </summary>
    /// <returns>Null when the key belongs to another agent or client.</returns>
    public static NetworkState? ReportKey(NetworkState state, Agent agent, string publicKey)
    {
        bool taken = state.Relays.Any(relay => relay.PublicKey == publicKey && !(agent.Kind == AgentKind.Relay && relay.Id == agent.Id))
            || state.Peers.Any(peer => peer.PublicKey == publicKey && !(agent.Kind != AgentKind.Relay && peer.Id == agent.Id));
        if (taken)
            return null;
        return Next(state, agent.Kind == AgentKind.Relay
            ? state with { Relays = Replace(state.Relays, agent.Id, relay => relay with { PublicKey = publicKey }) }
            : state with { Peers = Replace(state.Peers, agent.Id, peer => peer with { PublicKey = publicKey, KeySource = KeySource.Reported }) });
    }

    /// <summary>As the other one, of an agent that dialled by a credential. By one that is over meanwhile it tells nothing.</summary>
    /// <returns>Null when the key belongs to another agent or client.</returns>
    public static NetworkState? ReportKey(NetworkState state, Credential by, string publicKey)
    {
        // An ID whose secret was replaced is another credential.
        var told = state.Credentials.FirstOrDefault(credential => credential.Id == by.Id && credential.Hash == by.Hash);
        var next = told is null ? state : ReportKey(state, by.Agent, publicKey);
        // Tables do not hold this.
        // A device's key came with its enrolment, and goes with the device.
        return next is null || told is null || told.PublicKey == publicKey || by.Agent.Kind == AgentKind.Device ? next
            : next with { Credentials = next.Credentials.Select(credential => credential == told ? told with { PublicKey = publicKey } : credential).ToValueList() };
    }

    /// <summary>A relay said how it is reached by TLS, or that it is not.</summary>
    public static NetworkState ReportTls(NetworkState state, Agent relay, TlsOffer? tls) =>
        Next(state, state with { Relays = Replace(state.Relays, relay.Id, row => row with { Tls = tls }) });

    /// <summary>A connector said whether it takes new flows.</summary>
    public static NetworkState Drain(NetworkState state, Agent connector, bool draining) =>
        Next(state, state with { Peers = Replace(state.Peers, connector.Id, peer => peer with { Draining = draining }) });

    /// <summary>Marks the clients whose time is over, and drops the credentials whose time is.</summary>
    public static NetworkState Expire(NetworkState state, DateTimeOffset now)
    {
        if (!(NextExpiry(state) <= now))
            return state;
        var next = Revoke(state, credential => credential.Expires <= now);
        return next.Peers.Any(peer => !peer.Expired && peer.Expires <= now)
            ? next with
            {
                Revision = state.Revision + 1,
                Peers = next.Peers.Select(peer => !peer.Expired && peer.Expires <= now ? peer with { Expired = true } : peer).ToValueList(),
            }
            : next;
    }

    /// <summary>The next instant at which <see cref="Expire"/> or the <see cref="SshUpkeep"/> behind it has something to do.</summary>
    public static DateTimeOffset? NextExpiry(NetworkState state) =>
        new[] { state.Peers.Where(peer => !peer.Expired).Min(peer => peer.Expires), state.Credentials.Min(credential => credential.Expires), SshUpkeep.NextDue(state.Ssh) }.Min();

    /// <summary>Gives the agent this credential. A device that had none enters the tables; the key of another agent leaves them where only credentials told it that go.</summary>
    /// <param name="overlap">Until when the agent's other credentials stay good; null: they go now.</param>
    public static NetworkState Rotate(NetworkState state, Credential credential, DateTimeOffset? overlap = null)
    {
        var others = state.Credentials.Where(other => other.Agent == credential.Agent && other.Id != credential.Id).ToList();
        // Two at most: a third would outlive the rotation that was meant to end it.
        var kept = overlap is not { } end ? [] : others.OrderByDescending(other => other.CreatedAt).Take(1).Select(other => other.Expires < end ? other : other with { Expires = end });
        bool first = credential.Agent.Kind == AgentKind.Device && state.Credentials.All(other => other.Agent != credential.Agent);
        var credentials = state.Credentials.Where(other => other.Agent != credential.Agent).Concat(kept).Append(credential).OrderBy(other => other.Id, StringComparer.Ordinal).ToValueList();
        return WithCredentials(state, credentials, changesTables: first);
    }

    /// <summary>Takes credentials away: their connections end, a device that has none left leaves every table, and so does a key that none of those left has told.</summary>
    public static NetworkState Revoke(NetworkState state, Func<Credential, bool> which)
    {
        var kept = state.Credentials.Where(credential => !which(credential)).ToValueList();
        if (kept.Count == state.Credentials.Count)
            return state;
        bool device = state.Credentials.Any(credential => credential.Agent.Kind == AgentKind.Device && which(credential));
        return WithCredentials(state, kept, changesTables: device);
    }

    /// <summary>A login session is over: its devices are out.</summary>
    public static NetworkState EndSession(NetworkState state, long session) => Revoke(state, credential => credential.Session == session);

    /// <summary>New keys of an external client: the public key is null where it stays as it is.</summary>
    public static NetworkState GiveKeys(NetworkState state, Peer client, string? generatedPublicKey, string sealedPresharedKey) =>
        Next(state, state with
        {
            Peers = Replace(state.Peers, client.Id, peer => peer with
            {
                PublicKey = generatedPublicKey ?? peer.PublicKey,
                KeySource = generatedPublicKey is null ? peer.KeySource : KeySource.Generated,
                SealedPresharedKey = sealedPresharedKey,
            }),
        });

    /// <summary>Lets an external client into the tables, or keeps it out.</summary>
    public static NetworkState Enable(NetworkState state, Peer client, bool enabled) =>
        Next(state, state with { Peers = Replace(state.Peers, client.Id, peer => peer with { Enabled = enabled }) });

    /// <summary>Notes the configuration that an external client was given. No table holds it.</summary>
    public static NetworkState HandOut(NetworkState state, Peer client, string handedOut) =>
        state with { Peers = Replace(state.Peers, client.Id, peer => peer with { HandedOut = handedOut }) };

    /// <summary>
    /// Forgets the keys that only credentials told which are not there any more: whoever held such a secret may have told a key of their own, and its
    /// tunnels would live on. A device keeps its key: without a credential it stands in no table.
    /// </summary>
    private static NetworkState WithCredentials(NetworkState state, ValueList<Credential> credentials, bool changesTables)
    {
        var kept = credentials.Select(credential => (credential.Id, credential.Hash)).ToHashSet();
        var touched = state.Credentials.Where(credential => credential.Agent.Kind != AgentKind.Device && !kept.Contains((credential.Id, credential.Hash))).Select(credential => credential.Agent).Distinct();
        var next = state with { Credentials = credentials };
        foreach (var agent in touched.Where(agent => state.ReportedKeyOf(agent) is { } key && !credentials.Any(credential => credential.Agent == agent && credential.PublicKey == key)).ToList())
        {
            changesTables = true;
            next = agent.Kind == AgentKind.Relay
                ? next with { Relays = Replace(next.Relays, agent.Id, relay => relay with { PublicKey = null, Tls = null }) }
                : next with { Peers = Replace(next.Peers, agent.Id, peer => peer with { PublicKey = null, KeySource = KeySource.None }) };
        }

        return changesTables ? next with { Revision = state.Revision + 1 } : next;
    }

    private static NetworkState Next(NetworkState before, NetworkState after) =>
        after == before ? before : after with { Revision = before.Revision + 1 };

    private static ValueList<T> Replace<T>(ValueList<T> items, int id, Func<T, T> change) where T : INamed =>
        items.Select(item => item.Id == id ? change(item) : item).ToValueList();
}
