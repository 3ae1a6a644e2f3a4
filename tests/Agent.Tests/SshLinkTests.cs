using System.Diagnostics;
using System.Threading.Channels;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent.Tests;

public sealed class SshLinkTests : IAsyncLifetime, IDisposable
{
    private static readonly Table Empty = new() { Revision = 4, Organisation = "acme", Overlay = ["100.64.0.0/10"] };
    private static readonly SshAccountOrder Order = new(5, "ada", "ada@example.com", null, null);
    private static readonly SshAccount Account = new("ada", "keyhole:a:1:t:ada", null);

    private readonly TestFolder _folder = new();
    private readonly FakeSshHosts _hosts = new();
    private readonly StringWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    [Fact]
    public async Task An_order_is_carried_out_beside_the_link_and_answered()
    {
        using var control = new FakeControl();
        Start(control, _hosts);
        using var agent = await GreetAsync(control);
        await agent.SayAsync(new SshProvisionMessage(31, 7, Order));
        await Until(() => _hosts.Orders.Count == 1);
        await agent.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 4, Revision = 5 }));
        Assert.Equal(5, (await agent.HearAsync<AckMessage>()).Revision);

        var (resource, done, _) = Assert.Single(_hosts.Orders);
        Assert.Equal(7, resource);
        done.SetResult(Account);
        Assert.Equal(new SshProvisionedMessage(31, Account, null), await agent.HearAsync<SshProvisionedMessage>());
    }

    [Fact]
    public async Task Sixteen_orders_are_under_way_at_once_and_the_next_is_refused()
    {
        using var control = new FakeControl();
        Start(control, _hosts);
        using var agent = await GreetAsync(control);
        for (int request = 0; request <= SshExchange.MaximumOrders; request++)
            await agent.SayAsync(new SshProvisionMessage(request, 7, Order));
        var refused = await agent.HearAsync<SshProvisionedMessage>();
        Assert.Equal(SshExchange.MaximumOrders, refused.Request);
        Assert.Null(refused.Account);
        Assert.Contains("try again", refused.Error, StringComparison.Ordinal);

        await Until(() => _hosts.Orders.Count == SshExchange.MaximumOrders);
        foreach (var (_, done, _) in _hosts.Orders)
            done.SetResult(Account);
        var answered = new HashSet<long>();
        for (int answers = 0; answers < SshExchange.MaximumOrders; answers++)
        {
            var answer = await agent.HearAsync<SshProvisionedMessage>();
            Assert.Equal(Account, answer.Account);
            answered.Add(answer.Request);
        }

        Assert.Equal(SshExchange.MaximumOrders, answered.Count);
    }

    [Fact]
    public async Task What_the_host_cannot_do_is_told_as_it_is()
    {
        using var control = new FakeControl();
        Start(control, _hosts);
        using var agent = await GreetAsync(control);
        await agent.SayAsync(new SshProvisionMessage(1, 7, Order));
        await Until(() => _hosts.Orders.Count == 1);
        _hosts.Orders.Single().Done.SetException(new AgentException("The group printers does not exist on the host."));
        Assert.Equal(new SshProvisionedMessage(1, null, "The group printers does not exist on the host."), await agent.HearAsync<SshProvisionedMessage>());
    }

    [Fact]
    public async Task A_fault_that_nobody_thought_of_is_logged_and_the_link_lives()
    {
        using var control = new FakeControl();
        var link = Start(control, _hosts);
        using var agent = await GreetAsync(control);
        await agent.SayAsync(new SshProvisionMessage(1, 7, Order));
        await Until(() => _hosts.Orders.Count == 1);
        _hosts.Orders.Single().Done.SetException(new InvalidOperationException("detail for the log"));
        var answer = await agent.HearAsync<SshProvisionedMessage>();
        Assert.DoesNotContain("detail", answer.Error, StringComparison.Ordinal);
        await Until(() => Log().Contains("detail for the log", StringComparison.Ordinal));
        Assert.True(link.IsConnected);
    }

    [Fact]
    public async Task Every_connection_hears_of_every_host_and_then_of_each_change()
    {
        var first = new SshHostMessage(7, ["ssh-ed25519 AAAA"], [], null, null);
        var second = new SshHostMessage(8, [], [], null, "away");
        _hosts.Known.Add(first);
        using var control = new FakeControl();
        Start(control, _hosts);
        using (var agent = await GreetAsync(control))
        {
            AssertSame(first, await agent.HearAsync<SshHostMessage>());
            _hosts.Tell(second);
            AssertSame(second, await agent.HearAsync<SshHostMessage>());
            await agent.HangUpAsync();
        }

        _hosts.Known.Add(second);
        using var again = await control.AcceptAsync();
        await again.HearAsync<HelloMessage>();
        await again.SayAsync(new CurrentMessage(4));
        await again.HearAsync<AckMessage>();
        AssertSame(first, await again.HearAsync<SshHostMessage>());
        AssertSame(second, await again.HearAsync<SshHostMessage>());
    }

    [Fact]
    public async Task A_connection_that_is_over_follows_no_host()
    {
        using var control = new FakeControl();
        Start(control, _hosts);
        using var agent = await GreetAsync(control);
        await Until(() => _hosts.IsFollowed);
        await agent.HangUpAsync();
        await Until(() => !_hosts.IsFollowed);
    }

    [Fact]
    public async Task An_agent_that_has_nothing_to_do_with_SSH_does_not_know_the_message()
    {
        using var control = new FakeControl();
        var link = Start(control, null);
        using var agent = await GreetAsync(control);
        await agent.SayAsync(new SshProvisionMessage(1, 7, Order));
        await Until(() => Log().Contains("does not know", StringComparison.Ordinal));
        Assert.False(link.IsConnected);
    }

    [Fact]
    public async Task A_host_that_takes_its_time_is_answered_for_before_Control_gives_up()
    {
        var time = new ManualTime();
        var outgoing = Channel.CreateUnbounded<AgentMessage>();
        var exchange = new SshExchange(_hosts, time, Logger());
        exchange.Begin(new SshProvisionMessage(1, 7, Order), outgoing.Writer);
        // The limit of the work, and the one of the answer.
        await Until(() => time.Pending.Count == 2);
        time.Advance(SshExchange.AnswerTime);
        var answer = Assert.IsType<SshProvisionedMessage>(await outgoing.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Contains("try again", answer.Error, StringComparison.Ordinal);

        var (_, done, cancelled) = Assert.Single(_hosts.Orders);
        Assert.False(cancelled.IsCancellationRequested);
        time.Advance(SshExchange.WorkTime - SshExchange.AnswerTime);
        Assert.True(cancelled.IsCancellationRequested);
        done.SetResult(Account);
        Assert.False(outgoing.Reader.TryRead(out _));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).WaitAsync(TimeSpan.FromMinutes(2));
    }

    public void Dispose()
    {
        _stop.Dispose();
        _folder.Dispose();
        _log.Dispose();
    }

    private static void AssertSame(SshHostMessage expected, SshHostMessage heard) => Assert.Equal(AgentWire.Write(expected), AgentWire.Write(heard));

    private static async Task<FakeControl.Conversation> GreetAsync(FakeControl control)
    {
        var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(new SnapshotMessage(7, Empty));
        await agent.HearAsync<AckMessage>();
        return agent;
    }

    private static async Task Until(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), "waited in vain");
            await Task.Delay(20);
        }
    }

    private ControlLink Start(FakeControl control, ISshHosts? hosts)
    {
        var options = new AgentOptions { Endpoints = [control.Endpoint], Id = "test-id", Secret = new AgentSecret("test-secret\n", "a test"), DataDirectory = _folder.Root };
        var body = new FakeBody { Ssh = hosts };
        var keeper = new TableKeeper(body, new TableCache(_folder["table.json"], "test-id", TimeProvider.System), "test-id", TimeProvider.System, Logger());
        var link = new ControlLink(options, new HelloMessage(AgentKind.Connector, "key", "1", 0), keeper, body, TimeProvider.System, Logger(), () => 0);
        _running.Add(link.RunAsync(_stop.Token));
        return link;
    }

    private ILogger Logger() => new LineLoggerFactory(_log, LogLevel.Information, TimeProvider.System).CreateLogger("agent");

    private string Log()
    {
        lock (_log)
            return _log.ToString();
    }
}
