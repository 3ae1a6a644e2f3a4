using Keyhole.Contracts;
using Keyhole.Cryptography;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>The auth daemon of this host. It needs root, and a directory that it shares only with others of its kind.</summary>
public sealed class LocalAuthDaemon : IAuthDaemon
{
    /// <summary>How often it looks for accounts that nobody uses.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    /// <summary>While what was begun before could not be finished.</summary>
    private static readonly TimeSpan NextTry = TimeSpan.FromMinutes(1);

    /// <summary>After sessions were ended: a login that was under way meanwhile has come through by then.</summary>
    private static readonly TimeSpan SecondLook = TimeSpan.FromSeconds(5);

    /// <summary>For how long the next connector may come after root's word: one that was refused tries again each minute.</summary>
    private static readonly TimeSpan AdmissionPatience = TimeSpan.FromHours(1);

    private readonly HostStore _store;
    private readonly SshDirectory _directory;
    private readonly AccountKeeper _accounts;
    private readonly StrayAccounts _strays;
    private readonly TimeSpan _idleAfter;
    private readonly Speaker? _here;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private bool _isBroughtAbout;

    private LocalAuthDaemon(HostStore store, SshDirectory directory, TimeSpan idleAfter, Speaker? here, ILogger log, TimeProvider time)
    {
        _store = store;
        _directory = directory;
        _accounts = new AccountKeeper(log, time);
        _strays = new StrayAccounts(log);
        _idleAfter = idleAfter;
        _here = here;
        _log = log;
        _time = time;
        _sweep = time.CreateTimer(_ => _ = SweepAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _sweep.Change(TimeSpan.Zero, SweepInterval);
    }

    /// <summary>Makes its directories and files where they are missing; finishes what was begun before; locks what is idle, now and every hour.</summary>
    /// <param name="connector">The key of the connector in this process, for which the methods of <see cref="IAuthDaemon"/> speak; null where there is none.</param>
    /// <exception cref="AuthDaemonException">This is not root on Linux, or a directory cannot be used.</exception>
    public static LocalAuthDaemon Open(AuthDaemonOptions options, ILogger log, TimeProvider time, PublicKey? connector = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new AuthDaemonException("The auth daemon makes accounts: run it as root, on Linux.");
        // Blocks once, at the start of a program, while a few short programs of the host run.
        return Task.Run(() => GuardAsync(async () =>
        {
            var store = await HostStore.OpenAsync(Path.GetFullPath(options.StateDirectory)).ConfigureAwait(false);
            var directory = new SshDirectory(Path.GetFullPath(options.SshDirectory), log, time);
            await directory.PrepareAsync().ConfigureAwait(false);
            using (var turn = await store.EnterAsync(CancellationToken.None).ConfigureAwait(false))
                await directory.ApplyAsync(turn, server: null).ConfigureAwait(false);
            SudoersFragment.Clean();
            return new LocalAuthDaemon(store, directory, options.IdleAfter, connector is { } key ? new Speaker(key.ToString(), IsHere: true) : null, log, time);
        })).GetAwaiter().GetResult();
    }

    /// <summary>
    /// Lets one more connector speak for an organisation, beside those that speak already: the next within an hour that knows the pre-shared key and that nobody named.
    /// Forgets how new that was what was said. A daemon may run meanwhile.
    /// </summary>
    /// <exception cref="AuthDaemonException">This is not root, or there is no such thing.</exception>
    public static Task AdmitAsync(string stateDirectory, string authority, TimeProvider time) => GuardAsync(async () =>
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new AuthDaemonException("The state of the auth daemon is root's: run this as root, on the host.");
        RowCheck.CheckAuthority(authority);
        var store = await HostStore.OpenAsync(stateDirectory).ConfigureAwait(false);
        using var turn = await store.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        var known = turn.State.FindAuthority(authority) ?? new KnownAuthority(authority);
        await turn.SaveAsync(turn.State.With(known.Admitted(time.GetUtcNow() + AdmissionPatience))).ConfigureAwait(false);
        return true;
    });

    public Task<SshHostState> ReconcileAsync(string organisation, SshRow row, RowVersion version, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(version);
        return ReconcileAsync(Here, HostedResource.From(organisation, row, version), cancelled);
    }

    public Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(order);
        return ProvisionAsync(Here, row.Authority, row.Resource, order, cancelled);
    }

    public ValueTask DisposeAsync() => _sweep.DisposeAsync();

    /// <summary>As <see cref="ReconcileAsync(string, SshRow, RowVersion, CancellationToken)"/>.</summary>
    internal Task<SshHostState> ReconcileAsync(Speaker speaker, HostedResource row, CancellationToken cancelled) => GuardAsync(async () =>
    {
        using var turn = await _store.EnterAsync(cancelled).ConfigureAwait(false);
        bool isMet = SpeakerCheck.CheckRow(turn.State, row, speaker, _time.GetUtcNow());
        var server = await ApplyAsync(turn, speaker, isMet, row).ConfigureAwait(false);
        if (turn.State.Find(row.Authority, row.Resource) is null)
            return new SshHostState([], [], Pin: null);
        var keys = SshDirectory.KeysOf(turn.State, server, row);
        return keys.Count > 0 ? new SshHostState([.. keys.Select(key => key.Key.ToString())], turn.State.TrustedOf(row.Authority), Pin: null)
            : throw new AuthDaemonException($"This host is {turn.State.Resources.Count} resources and has {server.Keys.Count} types of host keys, one for each: remove a resource, or run 'ssh-keygen -A' on the host.");
    });

    /// <summary>As <see cref="ProvisionAsync(SshRow, SshAccountOrder, CancellationToken)"/>.</summary>
    internal Task<SshAccount> ProvisionAsync(Speaker speaker, string authority, int resource, SshAccountOrder order, CancellationToken cancelled) => GuardAsync(async () =>
    {
        using var turn = await _store.EnterAsync(cancelled).ConfigureAwait(false);
        bool isMet = SpeakerCheck.CheckOrder(turn.State, authority, resource, speaker);
        // An order brings no row with it: the row that it goes by may be older than what the host was told.
        if (!isMet || turn.State.Find(authority, resource) is not { } known || !known.Users.Contains(order.User))
            throw new AuthDaemonException(AuthDaemonFault.Conflict, "This host was not told yet that you may log in to it: try again in a moment.");
        var (account, password) = await _accounts.ProvisionAsync(turn, known, order).ConfigureAwait(false);
        return new SshAccount(account.Name, HostPrincipals.Of(_store, account, resource), password);
    });

    private Speaker Here => _here ?? throw new InvalidOperationException("No connector runs in this process.");

    /// <summary>Writes the row into the state first: from then on nobody else is let in, whatever comes after.</summary>
    private async Task<SshServer> ApplyAsync(HostTurn turn, Speaker speaker, bool isMet, HostedResource row)
    {
        var known = turn.State.Find(row.Authority, row.Resource);
        var (wanted, fault) = RowCheck.Bound(row, known);
        if (turn.State.Resources.Any(other => other.Authority != wanted.Authority && other.Trusted.Intersect(wanted.Trusted, StringComparer.Ordinal).Any()))
            throw new AuthDaemonException("A key of the organisation's certificate authority is another organisation's on this host already.");
        if (!turn.State.IsOutdated(wanted))
        {
            var before = turn.State.FindAuthority(wanted.Authority)?.Trusted ?? [];
            // An organisation that comes anew may have left accounts of an earlier state.
            if (!isMet)
                _sweep.Change(TimeSpan.Zero, SweepInterval);
            await turn.SaveAsync(turn.State.After(wanted, speaker.Connector, isMet)).ConfigureAwait(false);
            var trusted = turn.State.FindAuthority(wanted.Authority)!.Trusted;
            if (!trusted.SequenceEqual(before))
                SshHostLog.Trusted(_log, trusted.Count, wanted.Organisation);
        }
        else if (known is null ? !wanted.IsWithdrawn : !known.SaysTheSameAs(wanted))
        {
            throw new AuthDaemonException(AuthDaemonFault.Conflict, "This host was told something newer: the connector waits for its next table.");
        }

        var server = await BringAboutAsync(turn, turn.State.Accounts.Where(account => account.Authority == wanted.Authority)).ConfigureAwait(false);
        return fault is null ? server : throw fault;
    }

    /// <summary>
    /// Brings accounts and files to what the state says: first nobody can come in any more, then what runs ends, of all at once. What fails keeps nothing else from being
    /// done.
    /// </summary>
    /// <exception cref="AuthDaemonException">What failed last; the caller tries again.</exception>
    private async Task<SshServer> BringAboutAsync(HostTurn turn, IEnumerable<HostedAccount> accounts)
    {
        AuthDaemonException? failure = null;
        foreach (var account in accounts)
            failure = await TryAsync(() => _accounts.SettleAsync(turn, account), $"The account {account.Name} cannot be brought to what it should be").ConfigureAwait(false) ?? failure;
        SshServer? server = null;
        failure = await TryAsync(async () => server = await SshServer.FindAsync().ConfigureAwait(false), "The SSH server cannot be asked").ConfigureAwait(false) ?? failure;
        failure = await TryAsync(() => _directory.ApplyAsync(turn, server), "The SSH server's files cannot be written").ConfigureAwait(false) ?? failure;
        failure = await TryAsync(() => EndSessionsAsync(turn), "Sessions cannot be ended").ConfigureAwait(false) ?? failure;
        return failure is null ? server! : throw failure;
    }

    private async Task EndSessionsAsync(HostTurn turn)
    {
        if (await _accounts.EndSessionsAsync(turn).ConfigureAwait(false))
            _sweep.Change(SecondLook, SweepInterval);
    }

    /// <summary>Finishes what was begun before, until that has succeeded once; then looks for what nobody told.</summary>
    private async Task SweepAsync()
    {
        var failure = await TryAsync(() => GuardAsync(async () =>
        {
            using var turn = await _store.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            AuthDaemonException? failure = null;
            if (!_isBroughtAbout)
            {
                failure = await TryAsync(() => BringAboutAsync(turn, turn.State.Accounts), "What the state says cannot be brought about").ConfigureAwait(false);
                _isBroughtAbout = failure is null;
            }

            foreach (var account in turn.State.Accounts)
                failure = await TryAsync(() => _accounts.SweepAsync(turn, account, _idleAfter), $"The account {account.Name} cannot be locked").ConfigureAwait(false) ?? failure;
            failure = await TryAsync(() => _strays.LockAsync(turn.State), "Accounts that are not known cannot be locked").ConfigureAwait(false) ?? failure;
            failure = await TryAsync(() => EndSessionsAsync(turn), "Sessions cannot be ended").ConfigureAwait(false) ?? failure;
            return failure is null ? true : throw failure;
        }), "The host cannot be looked after").ConfigureAwait(false);
        if (failure is null)
            return;
        SshHostLog.NotSwept(_log, failure.Message);
        if (!_isBroughtAbout)
            _sweep.Change(NextTry, SweepInterval);
    }

    private static async Task<AuthDaemonException?> TryAsync(Func<Task> step, string what)
    {
        try
        {
            await step().ConfigureAwait(false);
            return null;
        }
        catch (AuthDaemonException e)
        {
            return e;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new AuthDaemonException($"{what}: {e.Message}", e);
        }
    }

    /// <summary>A full disk or a missing directory is told as everything else that goes wrong.</summary>
    private static async Task<T> GuardAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AuthDaemonException($"A file of the host cannot be written or read: {e.Message}", e);
        }
    }
}
