using System.Data.Common;
using System.Globalization;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>The networks of all organisations on this server. Nothing of one is ever seen through another.</summary>
internal sealed class Networks : IAsyncDisposable
{
    /// <summary>"ORGANISATION NUMBER": this change of this organisation is stored.</summary>
    public const string Channel = "network";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly Siblings _siblings;
    private readonly SiblingCalls _calls;
    private volatile IReadOnlyList<Network> _all = [];
    private volatile bool _disposed;

    /// <summary>1 while a network may be behind the database and is looked at again.</summary>
    private int _catchingUp;

    public Networks(NetworkStore store, TimeProvider time, ILoggerFactory loggers)
    {
        Store = store;
        _time = time;
        _loggers = loggers;
        _log = loggers.CreateLogger("Keyhole.Control.Networks");
        _siblings = new Siblings(store.Database, time, _log) { All = () => _all.SelectMany(network => network.Hub.Local()) };
        _siblings.Told += (server, agent) => FindById(agent.Organisation)?.Hub.TakeRemote(server, agent);
        _siblings.Counted += (server, agents) =>
        {
            foreach (var network in _all)
                network.Hub.CountRemote(server, agents);
        };
        store.Database.ListenerFailed += OnListenerFailed;
        _calls = new SiblingCalls(store, _siblings.Server, time, _log)
        {
            Answers = call => FindById(call.Organisation)?.Ssh.Provisioning.AnswerAsync(call) ?? Task.FromResult(new SshOutcome(SshOutcomeKind.NotSent)),
        };
        // Listening before looking: nothing falls between.
        if (store.Database.IsShared)
            store.Database.Notified += OnNotified;
        TakeUpAll();
        _siblings.Start();
    }

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<Network> All => _all;

    public NetworkStore Store { get; }

    /// <summary>How many other servers use the same database now.</summary>
    public int SiblingCount => _siblings.Count;

    public Network? FindById(int organisation) => _all.FirstOrDefault(network => network.Id == organisation);

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
    /// <param name="then">What else it begins with.</param>
    /// <param name="alongside">As for <see cref="Ledger.Change"/>.</param>
    /// <exception cref="OperatorException">The name is taken or no name, or the change cannot be stored.</exception>
    public Network Create(string name, Actor actor, Func<NetworkState, NetworkState>? then = null, Action<DbConnection, DbTransaction>? alongside = null)
    {
        if (!Names.IsName(name))
            throw new OperatorException($"\"{Findings.Shown(name)}\" is no name for an organisation: use {Names.Rule}");
        var description = new NetworkDescription { Organisation = name };
        return Create(
            name,
            state =>
            {
                var made = Reconciliation.Reconcile(state, description, _time.GetUtcNow(), RandomSource.System);
                return then?.Invoke(made) ?? made;
            },
            (_, made) => new AuditEntry(actor, "create-organisation", $"org {name}", null, made.Users.Count == 0 ? null : $"owner {string.Join(", ", made.Users.Select(user => user.Email))}"),
            alongside);
    }

    /// <summary>Makes an organisation by its first change.</summary>
    /// <exception cref="OperatorException">The name is taken, or the change cannot be stored.</exception>
    public Network Create(
        string name, Func<NetworkState, NetworkState> first, Func<NetworkState, NetworkState, AuditEntry> audit, Action<DbConnection, DbTransaction>? alongside = null)
    {
        lock (_lock)
        {
            if (Find(name) is { } present)
                throw new OperatorException($"there is an organisation {present.Name} already");
            // Nothing runs yet that would have to be stopped when the change is refused.
            var network = Make(name, StoredNetwork.None);
            network.Ledger.Change(first, audit, alongside);
            _all = [.. _all, network.Start()];
            return network;
        }
    }

    /// <summary>Takes an organisation and everything that belongs to it away, for good; its agents' connections end.</summary>
    /// <param name="check">As for <see cref="Ledger.Delete"/>.</param>
    /// <exception cref="OperatorException">It is gone already, or the change cannot be stored.</exception>
    public void Delete(Network network, Actor actor, Action<NetworkState>? check = null)
    {
        network.Ledger.Delete(actor, check);
        Drop(network);
    }

    /// <summary>Ends the agents' connections and the clocks; the store stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        Store.Database.Notified -= OnNotified;
        Store.Database.ListenerFailed -= OnListenerFailed;
        _calls.Stop();
        foreach (var network in _all)
            await network.DisposeAsync();
        await _siblings.DisposeAsync();
    }

    private Network Make(string name, StoredNetwork stored) =>
        new(name, new Ledger(Store, stored, _time), Store, _siblings, _calls, _time, _loggers);

    private void OnListenerFailed(Exception error) => _log.ListenerFailed(error);

    private void OnNotified(string channel, string payload)
    {
        try
        {
            if (channel == Database.GapChannel)
                TakeUpAll();
            else if (channel == Channel && payload.Split(' ') is [var organisation, var number])
                TakeUp(int.Parse(organisation, CultureInfo.InvariantCulture), long.Parse(number, CultureInfo.InvariantCulture));
        }
        catch (Exception error) when (error is OperatorException or DbException or InvalidOperationException or FormatException or TimeoutException)
        {
            // Nobody else will say it again: from here on it is looked for until it was found.
            _log.NotRefreshed(error.Message);
            if (Interlocked.Exchange(ref _catchingUp, 1) == 0)
                _ = CatchUpAsync();
        }
    }

    private async Task CatchUpAsync()
    {
        var pause = ShortestPause;
        while (!_disposed)
        {
            await Task.Delay(pause, _time).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            // Whatever fails after this starts anew.
            Volatile.Write(ref _catchingUp, 0);
            try
            {
                if (!_disposed)
                    TakeUpAll();
                return;
            }
            catch (Exception error) when (error is OperatorException or DbException or InvalidOperationException or FormatException or TimeoutException)
            {
                if (Interlocked.Exchange(ref _catchingUp, 1) != 0)
                    return;
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Looks at every organisation: some may be new, some changed, some gone.</summary>
    private void TakeUpAll()
    {
        foreach (int organisation in Store.Organisations().Union(_all.Select(network => network.Id)))
            TakeUp(organisation, number: null);
    }

    private void TakeUp(int organisation, long? number)
    {
        var network = FindById(organisation);
        if (network is null)
            Add(organisation);
        else if (!network.Ledger.Follow(number))
            Drop(network);
    }

    private void Add(int organisation)
    {
        lock (_lock)
        {
            // Who makes one here holds the lock: it may be this one.
            if (FindById(organisation) is null && Store.Load(organisation) is { } stored)
                _all = [.. _all, Make(stored.State.Organisation!, stored).Start()];
        }
    }

    private void Drop(Network network)
    {
        lock (_lock)
            _all = [.. _all.Where(other => other != network)];
        network.End();
    }
}
