namespace Keyhole.Control;

/// <summary>
/// The present network, and the only way to change it: one change at a time, first durable, then visible, then told to those
/// who listen.
/// </summary>
internal sealed class Ledger : IDisposable
{
    private readonly Lock _lock = new();
    private readonly NetworkStore _store;
    private readonly TimeProvider _time;
    private volatile CompiledNetwork _compiled;

    public Ledger(NetworkStore store, TimeProvider time)
    {
        _store = store;
        _time = time;
        _compiled = Compile(store.Load());
        Expire();
    }

    /// <summary>Raised after every change, in order, while the next one waits: listeners only take note.</summary>
    public event Action<CompiledNetwork, CompiledNetwork>? Changed;

    public CompiledNetwork Compiled => _compiled;

    public NetworkState State => _compiled.State;

    public SecretBox Secrets => _store.Secrets;

    /// <summary>Makes a change, or none when the transition gives back what it was given.</summary>
    /// <param name="transition">May throw <see cref="OperatorException"/>: then nothing changes.</param>
    /// <returns>The network before and after.</returns>
    public (CompiledNetwork Before, CompiledNetwork After) Change(Func<NetworkState, NetworkState> transition, Func<NetworkState, NetworkState, AuditEntry> audit)
    {
        lock (_lock)
        {
            ExpireUnderLock();
            return ChangeUnderLock(transition, audit);
        }
    }

    /// <summary>Takes away what has run out by now.</summary>
    public void Expire()
    {
        lock (_lock)
            ExpireUnderLock();
    }

    /// <summary>The preshared key of a peer in base64, or null.</summary>
    public string? PresharedKeyOf(Peer peer) =>
        peer.SealedPresharedKey is { } box ? Convert.ToBase64String(Secrets.Open(box, PresharedKeyPurpose(peer.Id))) : null;

    public static string PresharedKeyPurpose(int peer) => $"peer {peer}: preshared key";

    public void Dispose() => _store.Dispose();

    private void ExpireUnderLock()
    {
        var now = _time.GetUtcNow();
        ChangeUnderLock(state => Transitions.Expire(state, now), (before, after) =>
        {
            var gone = after.Peers.Where(peer => peer.Expired && !before.Peers.Any(old => old.Id == peer.Id && old.Expired));
            return new AuditEntry("time", "expire", string.Join(", ", gone.Select(peer => peer.Name)), "");
        });
    }

    private (CompiledNetwork Before, CompiledNetwork After) ChangeUnderLock(
        Func<NetworkState, NetworkState> transition, Func<NetworkState, NetworkState, AuditEntry> audit)
    {
        var before = _compiled;
        var state = transition(before.State);
        if (state == before.State)
            return (before, before);
        var after = Compile(state);
        _store.Save(before.State, state, audit(before.State, state));
        _compiled = after;
        Changed?.Invoke(before, after);
        return (before, after);
    }

    private CompiledNetwork Compile(NetworkState state) => new(state, PresharedKeyOf);
}
