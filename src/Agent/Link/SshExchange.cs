using System.Globalization;
using System.Threading.Channels;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// What Control and the hosts that people log in to say to each other through the link. An order is carried out beside the link,
/// which takes tables meanwhile; each is answered once, in time for whoever waits at Control.
/// </summary>
internal sealed class SshExchange(ISshHosts? hosts, TimeProvider time, ILogger logger)
{
    /// <summary>Orders under way at once, those of past connections included.</summary>
    public const int MaximumOrders = 16;

    /// <summary>Control waits for 10 seconds.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(9);

    /// <summary>An account that takes longer is given up. Until then the next try finds it made.</summary>
    public static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(60);

    private int _underWay;
    private IDisposable? _following;

    /// <summary>False where the agent has nothing to do with SSH: its messages are unknown to it.</summary>
    public bool IsKnown => hosts is not null;

    /// <summary>From now on the connection hears of every host. Again: nothing.</summary>
    public void Follow(ChannelWriter<AgentMessage> outgoing) => _following ??= hosts?.Follow(message => outgoing.TryWrite(message));

    /// <summary>The connection is over.</summary>
    public void Unfollow()
    {
        _following?.Dispose();
        _following = null;
    }

    /// <summary>Has the account made and answers through <paramref name="outgoing"/>. Returns at once.</summary>
    public void Begin(SshProvisionMessage order, ChannelWriter<AgentMessage> outgoing)
    {
        if (Interlocked.Increment(ref _underWay) <= MaximumOrders)
        {
            _ = Task.Run(() => RunAsync(order, outgoing));
            return;
        }

        Interlocked.Decrement(ref _underWay);
        outgoing.TryWrite(Failed(order, string.Create(CultureInfo.InvariantCulture, $"The connector prepares {MaximumOrders} other logins at this moment: try again.")));
    }

    private async Task RunAsync(SshProvisionMessage order, ChannelWriter<AgentMessage> outgoing)
    {
        var work = WorkAsync(order);
        SshProvisionedMessage answer;
        try
        {
            answer = await work.WaitAsync(AnswerTime, time);
        }
        catch (TimeoutException)
        {
            answer = Failed(order, string.Create(CultureInfo.InvariantCulture, $"The host did not prepare the account within {AnswerTime.TotalSeconds:F0} s: try again."));
        }

        outgoing.TryWrite(answer);
        await work;
        Interlocked.Decrement(ref _underWay);
    }

    /// <summary>Never fails: what goes wrong is the answer.</summary>
    private async Task<SshProvisionedMessage> WorkAsync(SshProvisionMessage order)
    {
        using var limit = new CancellationTokenSource(WorkTime, time);
        try
        {
            return new SshProvisionedMessage(order.Request, await hosts!.ProvisionAsync(order.Resource, order.Order, limit.Token), null);
        }
        catch (AgentException e)
        {
            return Failed(order, e.Message);
        }
#pragma warning disable CA1031 // one order that fails in a way that nobody thought of may end neither the link nor the count
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (e is not OperationCanceledException)
                AgentLog.SshOrderFailed(logger, order.Resource, e.ToString());
            return Failed(order, "The connector could not prepare the account: its log says why.");
        }
    }

    private static SshProvisionedMessage Failed(SshProvisionMessage order, string error) => new(order.Request, null, error);
}
