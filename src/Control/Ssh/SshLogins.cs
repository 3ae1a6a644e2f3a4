using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>Logins by SSH in one organisation: its CA, its hosts, and the certificates of its people.</summary>
internal sealed class SshLogins
{
    private readonly Ledger _ledger;
    private readonly AgentHub _hub;
    private readonly SshVault _vault;
    private readonly TimeProvider _time;

    public SshLogins(Ledger ledger, AgentHub hub, NetworkStore store, SiblingCalls calls, TimeProvider time, ILogger log)
    {
        (_ledger, _hub, _time) = (ledger, hub, time);
        _vault = new SshVault(store.Secrets);
        Provisioning = new SshProvisioning(ledger, hub, calls, time);
        Signer = new SshSigner(ledger, hub, Provisioning, _vault, time, log);
    }

    public SshProvisioning Provisioning { get; }

    public SshSigner Signer { get; }

    public SshAuthorityView Authority() => SshAuthorityView.Of(_ledger.State);

    public IReadOnlyList<SshHostView> Hosts() => SshHostView.All(_ledger.State, _hub);

    /// <summary>Adds a key to the CA.</summary>
    /// <param name="newest">The fingerprint that the newest key is believed to have; null: whatever it is.</param>
    /// <exception cref="OperatorException">There are too many, or somebody else has rotated.</exception>
    public NetworkState Rotate(NetworkState state, string? newest = null) => newest is null || (state.Ssh.Keys is [.., var last] ? last.Fingerprint : "") == newest
        ? state with { Ssh = SshAuthorities.Rotate(state.Ssh, _vault, _time.GetUtcNow()) }
        : throw new OperatorException($"{Findings.Shown(newest)} is not the newest key of the CA: look at it again");

    /// <summary>Takes a key of the CA away.</summary>
    /// <exception cref="OperatorException">A host would be left without, or there is no such key.</exception>
    public NetworkState Retire(NetworkState state, string fingerprint, bool force) =>
        state with { Ssh = SshAuthorities.Retire(state, fingerprint, host => _hub.IsConnected(new Agent(AgentKind.Connector, host.Connector)), force) };

    /// <summary>Takes what a host shows now, or next, for its own.</summary>
    /// <param name="keys">The fingerprints of the keys that it shows and that were not taken, as somebody has looked at them; empty where there are none.</param>
    /// <exception cref="OperatorException">There is no such host, or it shows other keys.</exception>
    public static NetworkState Forget(NetworkState state, string name, IReadOnlyList<string> keys)
    {
        var resource = state.Resources.FirstOrDefault(resource => resource.Ssh is not null && (Names.Comparer.Equals(resource.Name, name) || Names.Comparer.Equals(resource.Alias, name)))
            ?? throw OperatorErrors.Unknown("resource with ssh", name, state.Resources.Where(resource => resource.Ssh is not null).Select(resource => resource.Name));
        if (state.Ssh.FindHost(resource.Id) is not { } host)
            throw new OperatorException($"nothing is known of the host of {resource.Name} yet: there is nothing to forget");
        var offered = (host.Offer?.HostKeys ?? []).Select(key => SshPublicKey.Parse(key)!.Fingerprint).ToHashSet(StringComparer.Ordinal);
        return offered.SetEquals(keys)
            ? state with { Ssh = SshHosts.Forget(state.Ssh, host) }
            : throw new OperatorException($"the host of {resource.Name} shows {(offered.Count == 0 ? "no keys that were not taken" : string.Join(", ", offered))}: name these keys, if they are right");
    }

    /// <summary>As the audit log tells of the CA's keys.</summary>
    public static string Describe(NetworkState state) => string.Join(", ", state.Ssh.Keys.Select(key => key.Fingerprint));
}
