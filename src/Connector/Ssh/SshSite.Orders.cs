using System.Globalization;
using Keyhole.Agent;
using Keyhole.Contracts;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>Control's orders for accounts: each between two words about the row. One waits some seconds for its turn, not for a host that hangs.</summary>
internal sealed partial class SshSite
{
    /// <summary>How long an order waits for the table that lists its user.</summary>
    public static readonly TimeSpan TablePatience = TimeSpan.FromSeconds(3);

    /// <summary>How long it then waits until the daemon was told of the user and has time for it. Both together end before Control gives up.</summary>
    public static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long a daemon may take for an order, while the host hears nothing else.</summary>
    public static readonly TimeSpan OrderPatience = TimeSpan.FromSeconds(15);

    /// <summary>Orders under way at once: one host that hangs takes no room from the others.</summary>
    public const int MaximumOrders = 3;

    private int _orders;

    /// <summary>Has one account made.</summary>
    /// <exception cref="AgentException">It is not to be had.</exception>
    public async Task<SshAccount> ProvisionAsync(SshAccountOrder order, CancellationToken cancelled)
    {
        try
        {
            if (Interlocked.Increment(ref _orders) > MaximumOrders)
                throw new AgentException(string.Create(CultureInfo.InvariantCulture, $"{MaximumOrders} other logins to this host are being prepared: try again in a moment."));
            await AwaitUserAsync(order.User, cancelled);
            await AwaitTurnAsync(order.User, cancelled);
            try
            {
                return await OrderAsync(order, cancelled);
            }
            finally
            {
                _turn.Writer.TryWrite(true);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _orders);
        }
    }

    /// <summary>The daemon's answer to an order, for the one whose turn it is.</summary>
    private async Task<SshAccount> OrderAsync(SshAccountOrder order, CancellationToken cancelled)
    {
        SshTarget? target;
        lock (_gate)
            target = _target;
        if (target?.Row.Users.Contains(order.User) != true)
            throw NotListed();
        using var patience = new CancellationTokenSource(OrderPatience, _options.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled, patience.Token);
        try
        {
            var daemon = await _options.Choose(target, limit.Token);
            var account = SshAnswers.Check(await daemon.ProvisionAsync(target.Row, order, limit.Token));
            SshLog.Prepared(_options.Logger, target.Name, account.Name, order.User);
            HurryIf(SshSiteState.Failed);
            return account;
        }
        catch (AuthDaemonException e)
        {
            HurryIf(SshSiteState.Ready);
            throw new AgentException(SshAnswers.Line(e.Message), e);
        }
        catch (OperationCanceledException e) when (!cancelled.IsCancellationRequested)
        {
            HurryIf(SshSiteState.Ready);
            throw Busy(e);
        }
    }

    /// <summary>The table with the grant may be on its way still.</summary>
    private async Task AwaitUserAsync(int user, CancellationToken cancelled)
    {
        using var patience = new CancellationTokenSource(TablePatience, _options.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled, patience.Token);
        try
        {
            await AwaitAsync(() => _target?.Row.Users.Contains(user) == true, limit.Token);
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            throw NotListed();
        }
    }

    /// <summary>The daemon is told of a user before it hears an order for it: an order brings no row with it.</summary>
    private async Task AwaitTurnAsync(int user, CancellationToken cancelled)
    {
        using var patience = new CancellationTokenSource(TurnPatience, _options.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled, patience.Token);
        try
        {
            await AwaitAsync(() => _target?.Row.Users.Contains(user) == true ? _tried?.Row.Users.Contains(user) == true : throw NotListed(), limit.Token);
            await _turn.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException e) when (!cancelled.IsCancellationRequested)
        {
            throw Busy(e);
        }
    }

    /// <param name="condition">Asked under the gate.</param>
    private async Task AwaitAsync(Func<bool> condition, CancellationToken limit)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (condition())
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(limit);
        }
    }

    private static AgentException NotListed() => new("The connector's table does not list this user for the host: try again, and look whether the connector follows Control ('keyhole-connector status').");

    private static AgentException Busy(Exception e) => new("The auth daemon of the host is busy or does not answer: try again in a moment.", e);
}
