using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.Edge;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>
/// One host that people log in to: its daemon is told what the table says at each change, again every ten minutes, and after a
/// failure until it works. One word with the daemon at a time, so that an account that was just made is not judged by an older table.
/// A daemon on another host hears other connectors of the site too: it is told nothing while Control is away, since they may know more.
/// </summary>
/// <remarks>
/// <code>
/// waiting ──→ ready ⇄ failed (again after 5 s … 60 s)
///    └──────────┴───────┴── the resource left the table ──→ withdrawn, tried until it works ──→ over
/// </code>
/// </remarks>
internal sealed partial class SshSite
{
    public static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    /// <summary>The host is told again, whatever somebody did there by hand.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromMinutes(10);

    /// <summary>What a daemon has for one reconciliation: it ends the sessions of everybody who lost access, and waits for each.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    /// <summary>Tries to withdraw a host whose resource left the table or went elsewhere, before they become hourly.</summary>
    public const int Farewells = 5;

    public static readonly TimeSpan FarewellInterval = TimeSpan.FromHours(1);

    /// <summary>A host that does not come back in 90 days is given up.</summary>
    public const int MostFarewells = Farewells + 90 * 24;

    /// <summary>What a daemon has that failed before, and one that is withdrawn while another one serves the resource.</summary>
    public static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(10);

    private readonly SshSitesOptions _options;
    private readonly Action<SshSite, SshHostMessage?> _publish;
    private readonly Backoff _backoff;
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Holds its one entry while nobody speaks with the daemon.</summary>
    private readonly Channel<bool> _turn = Channel.CreateBounded<bool>(1);

    private readonly Lock _gate = new();

    // Under the gate, with the backoff.
    private SshTarget? _target;
    private RowVersion _version;

    /// <summary>Of the table that the daemon last called outdated. Of the loop alone.</summary>
    private RowVersion? _conflict;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _dueAt;
    private long _attemptedAt;
    private bool _isOver;
    private bool _isAttended;
    private SshSiteState _state;
    private string? _error;
    private SshHostState? _shown;
    private long? _contactAt;

    /// <summary>What the daemon was told last, whatever it said to it.</summary>
    private SshTarget? _tried;

    // Of the one whose turn it is.
    private SshTarget? _met;
    private int _farewells;
    private long _farewellAt;

    /// <summary>Daemons that were met and are not the target's: they are to let nobody in any more. Replaced whole.</summary>
    private IReadOnlyList<SshTarget> _former;

    /// <summary>This process has served nobody there yet: it withdraws on Control's word alone.</summary>
    private bool _isRecalled;

    /// <param name="target">Null: it is only to be withdrawn.</param>
    /// <param name="version">Of the newest table.</param>
    /// <param name="met">Daemons that were told of the resource before.</param>
    /// <param name="isAttended">As <see cref="Attend"/> would say.</param>
    /// <param name="publish">Told what Control is to know of the host; null: nothing any more.</param>
    public SshSite(int resource, SshTarget? target, RowVersion version, IReadOnlyList<SshTarget> met, bool isAttended, SshSitesOptions options, Action<SshSite, SshHostMessage?> publish)
    {
        (Resource, _target, _version, _isAttended, _options, _publish) = (resource, target, version, isAttended, options, publish);
        (_former, _isRecalled) = (met, true);
        _backoff = new Backoff(ShortestRetry, LongestRetry, options.Random);
        _dueAt = options.Time.GetTimestamp();
        _turn.Writer.TryWrite(true);
    }

    public int Resource { get; }

    /// <summary>What was published last. Of the owner, under its lock.</summary>
    public SshHostMessage? Published { get; set; }

    /// <summary>Takes what the newest table says; null: the host is not in it.</summary>
    /// <param name="version">Of that table.</param>
    /// <returns>False when the site is over: the host needs a new one.</returns>
    public bool Take(SshTarget? target, RowVersion version)
    {
        lock (_gate)
        {
            if (_isOver)
                return false;
            // Control has forgotten what it knew of the host: it is told again as soon as the host was met again.
            if (target is { Row.HostCertificates.Count: 0 } && _target is { Row.HostCertificates.Count: > 0 })
                Published = null;
            bool isNews = target != _target;
            (_target, _version) = (target, version);
            if (isNews)
            {
                _dueAt = _options.Time.GetTimestamp();
                _backoff.Reset();
                Change();
            }
            else if (target is not null && _state == SshSiteState.Failed)
            {
                // Whatever has changed in the network may have brought the host back.
                _backoff.Reset();
                _dueAt = Math.Min(_dueAt, After(_attemptedAt, ShortestRetry));
            }
        }

        _wakes.Writer.TryWrite(true);
        return true;
    }

    /// <summary>Whether the table is Control's newest: it is connected.</summary>
    public void Attend(bool isAttended)
    {
        lock (_gate)
            _isAttended = isAttended;
        _wakes.Writer.TryWrite(true);
    }

    /// <summary>Returns when the site is over; fails with <see cref="OperationCanceledException"/> when stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            TimeSpan left;
            bool mayBeOutdated;
            lock (_gate)
            {
                left = _options.Time.GetElapsedTime(_options.Time.GetTimestamp(), _dueAt);
                mayBeOutdated = !_isAttended && (_target is { } target ? target.Row.Daemon is not null : _isRecalled || _met?.Row.Daemon is not null || _former.Any(former => former.Row.Daemon is not null));
            }

            if (mayBeOutdated)
            {
                await _wakes.Reader.ReadAsync(stop);
                continue;
            }

            if (left > TimeSpan.Zero)
            {
                await using var timer = _options.Time.CreateTimer(_ => _wakes.Writer.TryWrite(true), null, left < Refresh ? left : Refresh, Timeout.InfiniteTimeSpan);
                await _wakes.Reader.ReadAsync(stop);
                continue;
            }

            await TakeTurnAsync(stop);
            try
            {
                if (await AttemptAsync(stop))
                    return;
            }
            finally
            {
                _options.Slots.Release();
                _turn.Writer.TryWrite(true);
            }
        }
    }

    public SshSiteState State
    {
        get
        {
            lock (_gate)
                return _state;
        }
    }

    /// <summary>For the status; null when the host has left the table.</summary>
    public JsonObject? Describe()
    {
        lock (_gate)
        {
            return _target is not { } target ? null : new JsonObject
            {
                ["name"] = target.Name,
                ["daemon"] = target.Daemon,
                ["state"] = StatusJson.Name(_state),
                ["error"] = _error,
                ["users"] = target.Row.Users.Count,
                ["secondsSinceContact"] = _contactAt is { } at ? Math.Round(_options.Time.GetElapsedTime(at).TotalSeconds, 1) : null,
            };
        }
    }

    /// <summary>Waits for the turn and a slot. Neither is held while the other is waited for: orders go on meanwhile, and other hosts.</summary>
    private async Task TakeTurnAsync(CancellationToken stop)
    {
        while (true)
        {
            await _turn.Reader.ReadAsync(stop);
            if (_options.Slots.Wait(0, CancellationToken.None))
                return;
            _turn.Writer.TryWrite(true);
            await _options.Slots.WaitAsync(stop);
            _options.Slots.Release();
        }
    }

    /// <summary>One word with the daemon; true when it was the last.</summary>
    private async Task<bool> AttemptAsync(CancellationToken stop)
    {
        SshTarget? target;
        RowVersion version;
        lock (_gate)
        {
            (target, version) = (_target, _version);
            _attemptedAt = _options.Time.GetTimestamp();
            _dueAt = long.MaxValue;
        }

        bool isLeft = _met is { } met && target?.HasDaemonOf(met) != true;
        if (isLeft)
        {
            (_former, _met, _farewells) = ([.. _former, _met!], null, 0);
            lock (_gate)
                (_state, _error, _shown, _contactAt, _tried) = (SshSiteState.Waiting, null, null, null, null);
            _publish(this, null);
        }

        if (target is null)
        {
            await WithdrawAsync(version, Patience, stop);
            if (_former.Count > 0)
            {
                DueIn(_farewells < Farewells ? NextRetry() : FarewellInterval);
                return false;
            }

            lock (_gate)
                return _isOver = _target is null;
        }

        _former = [.. _former.Where(former => !target.HasDaemonOf(former))];
        if (isLeft)
            await WithdrawAsync(version, Patience, stop);
        _isRecalled = false;
        _options.Met.Add(target);
        _met = target;
        await ReconcileAsync(target, stop);
        if (_former.Count > 0 && !isLeft && (_farewells == 0 || _options.Time.GetElapsedTime(_farewellAt) >= FarewellInterval))
            await WithdrawAsync(version, ShortPatience, stop);
        return false;
    }

    /// <summary>Takes the resource out of the daemons that are not its own any more; those that cannot be told stay for the next time.</summary>
    private async Task WithdrawAsync(RowVersion version, TimeSpan patience, CancellationToken stop)
    {
        _farewells++;
        _farewellAt = _options.Time.GetTimestamp();
        foreach (var former in _former)
        {
            var (_, error, _) = await AskAsync(former.Withdrawn(version), patience, stop);
            if (error is null || _farewells is Farewells or MostFarewells)
                SshLog.Withdrawn(_options.Logger, former.Name, former.Daemon, error is null ? "its accounts are locked" : $"its accounts could not be locked: {error}");
            if (error is not null && _farewells < MostFarewells)
                continue;
            _former = [.. _former.Where(other => other != former)];
            _options.Met.Remove(former);
        }
    }

    private async Task ReconcileAsync(SshTarget target, CancellationToken stop)
    {
        var (shown, error, fault) = await AskAsync(target, State == SshSiteState.Failed ? ShortPatience : Patience, stop);
        lock (_gate)
        {
            _tried = target;
            Change();
        }

        if (fault == AuthDaemonFault.Conflict && _conflict != target.Version)
        {
            // Another connector has told the host something newer: there is nothing to do before the next table. Where none comes, Control has gone back, and people must know.
            _conflict = target.Version;
            bool isBehind;
            lock (_gate)
                isBehind = _version != target.Version;
            DueIn(isBehind ? ShortestRetry : Refresh);
            return;
        }

        SshHostMessage message;
        bool isNews;
        lock (_gate)
        {
            var state = error is null ? SshSiteState.Ready : SshSiteState.Failed;
            isNews = (state, error) != (_state, _error);
            if (error is null)
                _backoff.Reset();
            (_state, _error) = (state, error);
            if (shown is not null)
                (_shown, _contactAt) = (shown, _options.Time.GetTimestamp());
            message = new SshHostMessage(Resource, _shown?.HostKeys ?? [], [.. target.Row.Trusted.Where((_shown?.Trusted ?? []).Contains)], _shown?.Pin, error);
        }

        if (isNews && error is null)
            SshLog.Ready(_options.Logger, target.Name, target.Daemon, target.Row.Users.Count);
        else if (isNews)
            SshLog.Failed(_options.Logger, target.Name, error!);
        _publish(this, message);
        if (error is null)
            DueIn(Refresh * (0.9 + 0.1 * _options.Random()));
        else
            RetryLater();
    }

    private async Task<(SshHostState? Shown, string? Error, AuthDaemonFault Fault)> AskAsync(SshTarget target, TimeSpan patience, CancellationToken stop)
    {
        using var waiting = new CancellationTokenSource(patience, _options.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, waiting.Token);
        try
        {
            var daemon = await _options.Choose(target, limit.Token);
            return (SshAnswers.Check(await daemon.ReconcileAsync(target.Organisation, target.Row, target.Version, limit.Token), target.Row), null, default);
        }
        catch (AuthDaemonException e)
        {
            return (null, SshAnswers.Line(e.Message), e.Fault);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, string.Create(CultureInfo.InvariantCulture, $"The auth daemon {target.Daemon} did not finish within {patience.TotalSeconds:F0} s."), default);
        }
#pragma warning disable CA1031 // one host that fails in a way that nobody thought of may not leave all later tables untold
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            SshLog.Unexpected(_options.Logger, target.Name, e.ToString());
            return (null, SshAnswers.Line($"The auth daemon failed: {e.Message}"), default);
        }
    }

    /// <summary>Under the gate: who waits for the target, or for what was told, looks again.</summary>
    private void Change()
    {
        _changed.SetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>What an order showed of the daemon is not what its state says: it is asked now.</summary>
    private void HurryIf(SshSiteState state)
    {
        lock (_gate)
        {
            if (_state != state)
                return;
            _dueAt = _options.Time.GetTimestamp();
        }

        _wakes.Writer.TryWrite(true);
    }

    private void RetryLater() => DueIn(NextRetry());

    private TimeSpan NextRetry()
    {
        lock (_gate)
            return _backoff.Next();
    }

    /// <summary>Unless something made it due meanwhile.</summary>
    private void DueIn(TimeSpan wait)
    {
        lock (_gate)
        {
            if (_dueAt == long.MaxValue)
                _dueAt = After(_options.Time.GetTimestamp(), wait);
        }
    }

    private long After(long timestamp, TimeSpan wait) => timestamp + (long)(wait.TotalSeconds * _options.Time.TimestampFrequency);
}
