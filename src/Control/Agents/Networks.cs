using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>The networks of all organisations on this server. Nothing of one is ever seen through another.</summary>
internal sealed class Networks : IAsyncDisposable
{
    private readonly Lock _creating = new();
    private readonly NetworkStore _store;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private volatile IReadOnlyList<Network> _all;

    public Networks(NetworkStore store, TimeProvider time, ILoggerFactory loggers)
    {
        _store = store;
        _time = time;
        _loggers = loggers;
        _all = [.. store.Organisations().Select(store.Load).Select(stored => Make(stored.State.Organisation!, stored).Start())];
    }

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<Network> All => _all;

    public NetworkStore Store => _store;

    public Network? Find(string name) => _all.FirstOrDefault(network => Names.Comparer.Equals(network.Name, name));

    /// <summary>The network that an operator means.</summary>
    /// <param name="name">Null: the only one.</param>
    /// <exception cref="OperatorException">There is none of this name, or not exactly one.</exception>
    public Network Choose(string? name)
    {
        var all = _all;
        if (name is not null)
            return Find(name) ?? throw OperatorErrors.Unknown("organisation", name, all.Select(network => network.Name));
        return all.Count switch
        {
            1 => all[0],
            0 => throw new OperatorException("there is no network yet: keyhole-control apply -f network.yaml"),
            _ => throw new OperatorException($"this server holds {all.Count} organisations: name one by --org, like --org {all[0].Name}"),
        };
    }

    /// <summary>The agent of an ID and secret; null when they are wrong or have expired. Takes the same time for an unknown ID.</summary>
    public (Network Network, Credential Credential)? Authenticate(string id, string secret)
    {
        Network? owner = null;
        Credential? credential = null;
        foreach (var network in _all)
        {
            if (network.Ledger.Compiled.FindCredential(id) is { } found)
                (owner, credential) = (network, found);
        }

        bool matches = AgentSecret.Matches(credential?.Hash ?? AgentSecret.Hash("", ""), id, secret);
        return matches && owner is not null && !(credential!.Expires <= _time.GetUtcNow()) ? (owner, credential) : null;
    }

    /// <summary>Makes an organisation with the fixed roles and nothing else.</summary>
    /// <exception cref="OperatorException">The name is taken or no name, or the change cannot be stored.</exception>
    public Network Create(string name, Actor actor)
    {
        if (!Names.IsName(name))
            throw new OperatorException($"\"{Findings.Shown(name)}\" is no name for an organisation: use {Names.Rule}");
        var description = new NetworkDescription { Organisation = name };
        return Create(
            name,
            state => Reconciliation.Reconcile(state, description, _time.GetUtcNow(), RandomSource.System),
            (_, _) => new AuditEntry(actor, "create-organisation", $"org {name}"));
    }

    /// <summary>Makes an organisation by its first change.</summary>
    /// <exception cref="OperatorException">The name is taken, or the change cannot be stored.</exception>
    public Network Create(string name, Func<NetworkState, NetworkState> first, Func<NetworkState, NetworkState, AuditEntry> audit)
    {
        lock (_creating)
        {
            if (Find(name) is { } present)
                throw new OperatorException($"there is an organisation {present.Name} already");
            // Nothing runs yet that would have to be stopped when the change is refused.
            var network = Make(name, StoredNetwork.None);
            network.Ledger.Change(first, audit);
            _all = [.. _all, network.Start()];
            return network;
        }
    }

    /// <summary>Ends the agents' connections and the clocks; the store stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var network in _all)
            await network.DisposeAsync();
    }

    private Network Make(string name, StoredNetwork stored) => new(name, new Ledger(_store, stored, _time), _time, _loggers);
}
