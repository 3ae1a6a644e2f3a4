using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>The auth daemon of this host. It needs root, and a directory that it shares only with others of its kind.</summary>
public sealed class LocalAuthDaemon : IAuthDaemon
{
    /// <summary>How often it looks for accounts that nobody uses.</summary>
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);

    private readonly HostStore _store;
    private readonly SshDirectory _directory;
    private readonly AccountKeeper _accounts;
    private readonly TimeSpan _idleAfter;
    private readonly ILogger _log;
    private readonly ITimer _sweep;

    private LocalAuthDaemon(HostStore store, SshDirectory directory, TimeSpan idleAfter, ILogger log, TimeProvider time)
    {
        _store = store;
        _directory = directory;
        _accounts = new AccountKeeper(log, time);
        _idleAfter = idleAfter;
        _log = log;
        _sweep = time.CreateTimer(_ => _ = SweepAsync(), null, TimeSpan.Zero, SweepInterval);
    }

    /// <summary>Makes its directories and files where they are missing; locks what is idle, now and every hour.</summary>
    /// <exception cref="AuthDaemonException">This is not root on Linux, or a directory cannot be used.</exception>
    public static LocalAuthDaemon Open(AuthDaemonOptions options, ILogger log, TimeProvider time)
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
            SudoersFragment.Clean();
            return new LocalAuthDaemon(store, directory, options.IdleAfter, log, time);
        })).GetAwaiter().GetResult();
    }

    public async Task<SshHostState> ReconcileAsync(string organisation, SshRow row, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        return await ReconcileAsync(From(organisation, row), cancelled).ConfigureAwait(false);
    }

    public async Task<SshAccount> ProvisionAsync(SshRow row, SshAccountOrder order, CancellationToken cancelled)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(order);
        return await GuardAsync(async () =>
        {
            using var turn = await _store.EnterAsync(cancelled).ConfigureAwait(false);
            // The row may be newer than the last that was brought about.
            var wanted = From(turn.State.Find(row.Authority, row.Resource)?.Organisation ?? "", row);
            if (turn.State.Find(row.Authority, row.Resource)?.IsSameAs(wanted) != true)
                await ApplyAsync(turn, wanted).ConfigureAwait(false);
            return await ProvisionAsync(turn, row.Authority, row.Resource, order).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _sweep.DisposeAsync();

    /// <summary>As <see cref="ReconcileAsync(string, SshRow, CancellationToken)"/>.</summary>
    internal Task<SshHostState> ReconcileAsync(HostedResource row, CancellationToken cancelled) => GuardAsync(async () =>
    {
        using var turn = await _store.EnterAsync(cancelled).ConfigureAwait(false);
        var server = await ApplyAsync(turn, row).ConfigureAwait(false);
        if (turn.State.Find(row.Authority, row.Resource) is not { } applied)
            return new SshHostState([], [], Pin: null);
        var keys = SshDirectory.KeysOf(turn.State, server, row);
        return keys.Count > 0 ? new SshHostState([.. keys.Select(key => key.Key.ToString())], applied.Trusted, Pin: null)
            : throw new AuthDaemonException($"This host is {turn.State.Resources.Count} resources and has {server.Keys.Count} types of host keys, one for each: remove a resource, or run 'ssh-keygen -A' on the host.");
    });

    /// <summary>For a resource that was reconciled before. Null when it was not, or not with this user: whoever knows the row reconciles it first.</summary>
    internal Task<SshAccount?> TryProvisionAsync(string authority, int resource, SshAccountOrder order, CancellationToken cancelled) => GuardAsync(async () =>
    {
        using var turn = await _store.EnterAsync(cancelled).ConfigureAwait(false);
        return turn.State.Find(authority, resource)?.Users.Contains(order.User) == true ? await ProvisionAsync(turn, authority, resource, order).ConfigureAwait(false) : null;
    });

    private static HostedResource From(string organisation, SshRow row) =>
        new(row.Authority, row.Resource, organisation, row.Trusted, row.Users, row.Revoked, row.HostCertificates);

    /// <summary>Writes the row into the state first: from then on nobody else is let in, whatever comes after.</summary>
    private async Task<SshServer> ApplyAsync(HostTurn turn, HostedResource row)
    {
        RowCheck.Check(row);
        if (turn.State.Resources.Any(other => other.Authority != row.Authority && other.Trusted.Intersect(row.Trusted, StringComparer.Ordinal).Any()))
            throw new AuthDaemonException("A key of the organisation's certificate authority is another organisation's on this host already.");
        bool isGone = row.Trusted.Count == 0 && row.Users.Count == 0;
        var known = turn.State.Find(row.Authority, row.Resource);
        if (isGone && known is not null)
            await turn.SaveAsync(turn.State.Without(row)).ConfigureAwait(false);
        else if (!isGone && known?.IsSameAs(row) != true)
            await turn.SaveAsync(turn.State.With(row)).ConfigureAwait(false);
        if (!isGone && known?.Trusted.SequenceEqual(row.Trusted) != true)
            SshHostLog.Trusted(_log, row.Trusted.Count, row.Organisation);

        AuthDaemonException? failure = null;
        foreach (var account in turn.State.Accounts.Where(account => account.Authority == row.Authority))
        {
            try
            {
                await _accounts.SettleAsync(turn, account).ConfigureAwait(false);
            }
            catch (Exception e) when (e is AuthDaemonException or IOException or UnauthorizedAccessException)
            {
                // The others are locked all the same; the caller tries again.
                failure = e as AuthDaemonException ?? new AuthDaemonException($"The account {account.Name} cannot be brought to what it should be: {e.Message}", e);
            }
        }

        var server = await SshServer.FindAsync().ConfigureAwait(false);
        await _directory.ApplyAsync(turn, server).ConfigureAwait(false);
        return failure is null ? server : throw failure;
    }

    private async Task<SshAccount> ProvisionAsync(HostTurn turn, string authority, int resource, SshAccountOrder order)
    {
        if (turn.State.Find(authority, resource)?.Users.Contains(order.User) != true)
            throw new AuthDaemonException("This host was not told yet that you may log in to it: try again in a moment.");
        var (account, password) = await _accounts.ProvisionAsync(turn, authority, resource, order).ConfigureAwait(false);
        return new SshAccount(account.Name, HostPrincipals.Of(_store, account, resource), password);
    }

    private async Task SweepAsync()
    {
        try
        {
            await GuardAsync(async () =>
            {
                using var turn = await _store.EnterAsync(CancellationToken.None).ConfigureAwait(false);
                await _accounts.SweepAsync(turn, _idleAfter).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }
        catch (AuthDaemonException e)
        {
            SshHostLog.NotSwept(_log, e.Message);
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
