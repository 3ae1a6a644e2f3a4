using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// The present network of one organisation, and the only way to change it: one change at a time, first durable, then visible,
/// then told to those who listen.
/// </summary>
internal sealed class Ledger
{
    private readonly Lock _lock = new();
    private readonly NetworkStore _store;
    private readonly TimeProvider _time;
    private StoredNetwork _stored;
    private readonly SshUpkeep _ssh;
    private volatile CompiledNetwork _compiled;

    /// <param name="stored">What the database holds, or <see cref="StoredNetwork.None"/> for an organisation that the first change makes.</param>
    public Ledger(NetworkStore store, StoredNetwork stored, TimeProvider time)
    {
        _store = store;
        _time = time;
        _stored = stored;
        _ssh = new SshUpkeep(new SshVault(store.Secrets));
        _compiled = Compile(stored, null);
        Expire();
    }

    /// <summary>Raised after every change, in order, while the next one waits: listeners only take note.</summary>
    public event Action<CompiledNetwork, CompiledNetwork>? Changed;

    /// <summary>The organisation's identifier; 0 until the first change.</summary>
    public int Organisation => Volatile.Read(ref _stored).Organisation;

    public CompiledNetwork Compiled => _compiled;

    public NetworkState State => _compiled.State;

    /// <summary>Makes a change, or none when the transition gives back what it was given.</summary>
    /// <param name="transition">Runs within the transaction. May throw <see cref="OperatorException"/>: then nothing changes.</param>
    /// <param name="audit">Told the states before and after.</param>
    /// <param name="alongside">
    /// What is written in the same transaction, also when the network stays as it is. May throw <see cref="OperatorException"/>:
    /// then nothing changes.
    /// </param>
    /// <returns>The network before and after.</returns>
    public (CompiledNetwork Before, CompiledNetwork After) Change(
        Func<NetworkState, NetworkState> transition,
        Func<NetworkState, NetworkState, AuditEntry> audit,
        Action<DbConnection, DbTransaction>? alongside = null)
    {
        lock (_lock)
        {
            ExpireUnderLock();
            return ChangeUnderLock(transition, audit, alongside);
        }
    }

    /// <summary>True while <see cref="Changed"/> tells of what another process has changed.</summary>
    public bool IsFollowing { get; private set; }

    /// <summary>Reads the network again where another process has changed it.</summary>
    /// <param name="number">The number of the change that is known to be there; null when there may be any.</param>
    /// <returns>False when the organisation is gone.</returns>
    /// <exception cref="OperatorException">The database is away.</exception>
    public bool Follow(long? number = null)
    {
        lock (_lock)
        {
            if (_stored.ChangeNumber >= (number ?? _store.Database.Read(connection => NetworkStore.ChangeNumberOf(connection, Organisation) ?? long.MaxValue)))
                return true;
            if (_store.Load(Organisation) is not { } present)
                return false;
            var next = Compile(present, _compiled);
            Volatile.Write(ref _stored, present);
            TakeOthers(_compiled, next);
            return true;
        }
    }

    /// <summary>Takes the organisation and everything of it out of the database, for good.</summary>
    /// <param name="check">Told the network within the transaction; throws to refuse.</param>
    /// <exception cref="OperatorException">It is gone already, or the change cannot be stored.</exception>
    public void Delete(Actor actor, Action<NetworkState>? check = null)
    {
        lock (_lock)
        {
            _store.Database.Write((connection, transaction) =>
            {
                var present = _store.Lock(connection, transaction, _stored);
                check?.Invoke(present.State);
                connection.Execute("DELETE FROM organisation WHERE id = @Organisation", new { present.Organisation }, transaction);
                _store.Audit.Append(connection, transaction, present.Organisation, new AuditEntry(actor, "delete-organisation", $"org {present.State.Organisation}"));
                _store.Database.Notify(connection, transaction, Networks.Channel, Notice(present.Organisation, long.MaxValue));
            });
        }
    }

    /// <summary>Takes away what has run out by now.</summary>
    public void Expire()
    {
        lock (_lock)
            ExpireUnderLock();
    }

    /// <summary>The preshared key of a peer in base64, or null.</summary>
    public string? PresharedKeyOf(Peer peer) => PresharedKeyOf(Organisation, peer);

    /// <summary>Seals the preshared key of a peer for <see cref="PresharedKeyOf(Peer)"/>.</summary>
    public string SealPresharedKey(int peer, ReadOnlySpan<byte> key) => _store.Secrets.Seal(key, PurposeOf(Organisation, peer));

    private string? PresharedKeyOf(int organisation, Peer peer) =>
        peer.SealedPresharedKey is { } box ? Convert.ToBase64String(_store.Secrets.Open(box, PurposeOf(organisation, peer.Id))) : null;

    private static string PurposeOf(int organisation, int peer) => $"organisation {organisation}, peer {peer}: preshared key";

    private void ExpireUnderLock()
    {
        var now = _time.GetUtcNow();
        if (!(Transitions.NextExpiry(State) <= now))
            return;
        ChangeUnderLock(state => Transitions.Expire(state, now), (before, after) =>
        {
            var peers = after.Peers.Where(peer => peer.Expired && !before.Peers.Any(old => old.Id == peer.Id && old.Expired)).Select(peer => peer.Name);
            var credentials = before.Credentials.Where(credential => !after.Credentials.Contains(credential)).Select(credential => credential.Id);
            var hosts = after.Ssh.Hosts.Where(host => before.Ssh.FindHost(host.Resource) is { } old && old.CertificatesEnd != host.CertificatesEnd)
                .Select(host => $"ssh host certificates of {after.Resources.First(resource => resource.Id == host.Resource).Name}");
            var serials = before.Ssh.Issued.Where(issued => issued.Revoked && !after.Ssh.Issued.Contains(issued)).Select(issued => $"ssh certificate {issued.Serial}");
            return new AuditEntry(Actor.Time, "expire", string.Join(", ", peers.Concat(credentials).Concat(hosts).Concat(serials)));
        }, alongside: null);
    }

    private (CompiledNetwork Before, CompiledNetwork After) ChangeUnderLock(
        Func<NetworkState, NetworkState> transition, Func<NetworkState, NetworkState, AuditEntry> audit, Action<DbConnection, DbTransaction>? alongside)
    {
        var held = _compiled;
        var (stored, before, after) = _store.Database.Write((connection, transaction) =>
        {
            var present = _store.Lock(connection, transaction, _stored);
            var from = ReferenceEquals(present, _stored) ? held : Compile(present, held);
            var state = _ssh.Tend(from.State, transition(from.State), _time.GetUtcNow());
            bool changed = state != from.State;
            if (!changed && alongside is null)
                return (present, from, from);
            FixedRoles.CheckOwners(from.State, state);
            var saved = changed ? StateWriter.Write(connection, transaction, present, state) : present;
            var to = changed ? Compile(saved, from) : from;
            alongside?.Invoke(connection, transaction);
            _store.Audit.Append(connection, transaction, saved.Organisation, audit(from.State, state), state.Revision);
            if (changed)
                _store.Database.Notify(connection, transaction, Networks.Channel, Notice(saved.Organisation, saved.ChangeNumber));
            return (saved, from, to);
        });
        // Another process was first: its change comes to be seen here before ours.
        TakeOthers(held, before);
        Volatile.Write(ref _stored, stored);
        Take(before, after);
        return (before, after);
    }

    private static string Notice(int organisation, long number) => string.Create(CultureInfo.InvariantCulture, $"{organisation} {number}");

    private void TakeOthers(CompiledNetwork before, CompiledNetwork after)
    {
        IsFollowing = true;
        Take(before, after);
        IsFollowing = false;
    }

    private void Take(CompiledNetwork before, CompiledNetwork after)
    {
        if (ReferenceEquals(before, after))
            return;
        _compiled = after;
        Changed?.Invoke(before, after);
    }

    /// <summary>What was sealed belongs to its organisation, which the first change gives its number.</summary>
    private CompiledNetwork Compile(StoredNetwork stored, CompiledNetwork? before) => before is not null && stored.Organisation == Organisation
        ? before.Next(stored.State)
        : new(stored.State, peer => PresharedKeyOf(stored.Organisation, peer), _store.Lineage);
}
