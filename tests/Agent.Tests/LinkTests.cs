using System.Diagnostics;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent.Tests;

public sealed class LinkTests : IAsyncLifetime, IDisposable
{
    private static readonly Table First = new() { Revision = 4, Organisation = "acme", Overlay = ["100.64.0.0/10"], Sites = [new SiteRow(1, "office")] };

    private readonly TestFolder _folder = new();
    private readonly FakeBody _body = new();
    private readonly StringWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    [Fact]
    public async Task A_snapshot_and_its_deltas_are_enforced_and_acknowledged()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using var agent = await control.AcceptAsync();
        Assert.Equal(0, (await agent.HearAsync<HelloMessage>()).Revision);
        await agent.SayAsync(new SnapshotMessage(7, First));
        var ack = await agent.HearAsync<AckMessage>();
        Assert.Equal((4, 1), (ack.Revision, ack.FlowsCut));
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(ack.EnforcedAt), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(1));

        await agent.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 4, Revision = 6, Removals = new TableRemovals { Sites = [1] } }));
        Assert.Equal(6, (await agent.HearAsync<AckMessage>()).Revision);
        Assert.Equal([7, 7], _body.Applied.Select(applied => applied.Agent));
        Assert.Empty(_body.Applied.Last().Table.Sites);
    }

    [Fact]
    public async Task A_delta_that_does_not_follow_asks_for_the_whole_table()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(new SnapshotMessage(7, First));
        await agent.HearAsync<AckMessage>();
        await agent.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 5, Revision = 6 }));
        await agent.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 6, Revision = 7 }));
        Assert.Equal(0, (await agent.HearAsync<HelloMessage>()).Revision);
        await agent.SayAsync(new SnapshotMessage(7, First with { Revision = 7 }));
        Assert.Equal(7, (await agent.HearAsync<AckMessage>()).Revision);
        Assert.Equal([4, 7], _body.Applied.Select(applied => applied.Table.Revision));
    }

    [Fact]
    public async Task A_reconnect_goes_on_at_its_revision()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using (var agent = await control.AcceptAsync())
        {
            await agent.HearAsync<HelloMessage>();
            await agent.SayAsync(new SnapshotMessage(7, First));
            await agent.HearAsync<AckMessage>();
            await agent.HangUpAsync();
        }

        using var again = await control.AcceptAsync();
        Assert.Equal(4, (await again.HearAsync<HelloMessage>()).Revision);
        await again.SayAsync(new CurrentMessage(4));
        Assert.Equal(4, (await again.HearAsync<AckMessage>()).Revision);
        await again.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 4, Revision = 5 }));
        Assert.Equal(5, (await again.HearAsync<AckMessage>()).Revision);
        Assert.Equal(2, _body.Applied.Count);
    }

    [Fact]
    public async Task The_next_endpoint_is_dialled_when_one_is_away_and_the_first_again_after_the_last()
    {
        using var first = new FakeControl();
        using var second = new FakeControl();
        var link = Start([first.Endpoint, second.Endpoint]);
        using (var agent = await first.AcceptAsync())
        {
            await agent.HearAsync<HelloMessage>();
            await agent.SayAsync(new SnapshotMessage(7, First));
            await agent.HearAsync<AckMessage>();
            await agent.HangUpAsync();
        }

        using (var agent = await second.AcceptAsync())
        {
            Assert.Equal(4, (await agent.HearAsync<HelloMessage>()).Revision);
            Assert.Equal(second.Endpoint, link.Endpoint);
            await agent.HangUpAsync();
        }

        using var again = await first.AcceptAsync();
        await again.HearAsync<HelloMessage>();
    }

    [Fact]
    public async Task Control_hears_how_it_goes()
    {
        using var control = new FakeControl();
        Start(control.Endpoint, reportInterval: TimeSpan.FromMilliseconds(50));
        using var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(new SnapshotMessage(7, First));
        await agent.HearAsync<AckMessage>();
        Assert.Equal(3, (await agent.HearAsync<StatusMessage>()).Flows);
    }

    [Theory]
    [InlineData("""{"type":"more"}""")]
    [InlineData("no json")]
    public async Task Nonsense_from_Control_ends_the_connection_and_not_the_agent(string nonsense)
    {
        using var control = new FakeControl();
        var link = Start(control.Endpoint);
        using var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(System.Text.Encoding.UTF8.GetBytes(nonsense));
        await Until(() => Log().Contains("does not know", StringComparison.Ordinal));
        Assert.False(link.IsConnected);
        Assert.All(_running, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task A_wrong_secret_is_one_clear_line_and_a_slow_retry()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        await control.RefuseAsync(401);
        await Until(() => Log().Length > 0);
        await Task.Delay(1500);
        string line = Assert.Single(Log().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("unknown ID or wrong secret (ID test-id)", line, StringComparison.Ordinal);
        Assert.DoesNotContain("test-secret", line, StringComparison.Ordinal);
        Assert.All(_running, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task An_absent_Control_is_one_line_and_the_agent_finds_it_when_it_comes()
    {
        int port;
        using (var probe = new FakeControl())
            port = probe.Port;
        Start(new Uri($"http://127.0.0.1:{port}/"));
        await Until(() => Log().Contains("is away", StringComparison.Ordinal));
        using var control = new FakeControl(port);
        using var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(new SnapshotMessage(7, First));
        await agent.HearAsync<AckMessage>();
        Assert.Equal(1, Log().Split('\n').Count(line => line.Contains("is away", StringComparison.Ordinal)));
        Assert.Contains("connected to Control", Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_table_is_used_at_the_start_while_Control_is_away()
    {
        using (var control = new FakeControl())
        {
            Start(control.Endpoint);
            using var agent = await control.AcceptAsync();
            await agent.HearAsync<HelloMessage>();
            await agent.SayAsync(new SnapshotMessage(7, First));
            await agent.HearAsync<AckMessage>();
        }

        var body = new FakeBody();
        var keeper = Keeper(body, TimeProvider.System);
        await keeper.StartAsync();
        var (restoredAgent, table) = Assert.Single(body.Applied);
        Assert.Equal((7, First), (restoredAgent, table));
    }

    [Fact]
    public async Task A_table_older_than_a_day_is_not_used()
    {
        var clock = new TestClock();
        await Keeper(new FakeBody(), clock).ReplaceAsync(7, First);
        clock.Advance(TableKeeper.Validity - TimeSpan.FromMinutes(1));
        var fresh = new FakeBody();
        await Keeper(fresh, clock).StartAsync();
        Assert.Single(fresh.Applied);
        clock.Advance(TimeSpan.FromMinutes(2));
        var stale = new FakeBody();
        await Keeper(stale, clock).StartAsync();
        Assert.Empty(stale.Applied);
        Assert.Contains("not used", Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_expires_a_day_after_the_last_contact_and_takes_all_access_with_it()
    {
        var clock = new TestClock();
        var keeper = Keeper(_body, clock);
        await keeper.ReplaceAsync(7, First);
        clock.Advance(TimeSpan.FromHours(23));
        keeper.HeardNow();
        clock.Advance(TimeSpan.FromHours(23));
        Assert.False(await keeper.ExpireAsync());
        clock.Advance(TimeSpan.FromHours(1));
        Assert.True(await keeper.ExpireAsync());
        Assert.Equal(0, keeper.Revision);
        Assert.Empty(_body.Applied.Last().Table.Sites);
        Assert.False(await keeper.ExpireAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"id":"test-id","agent":1,"table":null}""")]
    [InlineData("""{"id":"other","agent":1,"table":{"revision":1,"organisation":"a","overlay":[]}}""")]
    public async Task A_cache_that_is_broken_or_of_another_identity_is_as_good_as_none(string content)
    {
        _folder.Write("table.json", content);
        await Keeper(_body, TimeProvider.System).StartAsync();
        Assert.Empty(_body.Applied);
    }

    [Fact]
    public void The_backoff_doubles_to_half_a_minute_with_jitter_and_starts_over()
    {
        foreach (double random in new[] { 0.0, 0.5, 0.999 })
        {
            var backoff = Backoff.ForControl(() => random);
            var waits = Enumerable.Range(0, 10).Select(_ => backoff.Next()).ToList();
            Assert.All(waits, wait => Assert.InRange(wait, backoff.Shortest, backoff.Longest));
            Assert.Equal(waits.Order(), waits);
            Assert.InRange(waits[^1], backoff.Longest / 2, backoff.Longest);
            backoff.Reset();
            Assert.Equal(waits[0], backoff.Next());
            Assert.InRange(backoff.Slow(), backoff.Longest / 2, backoff.Longest);
        }
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

    private ControlLink Start(Uri endpoint, TimeSpan? reportInterval = null) => Start([endpoint], reportInterval);

    private ControlLink Start(IReadOnlyList<Uri> endpoints, TimeSpan? reportInterval = null)
    {
        var options = new AgentOptions
        {
            Endpoints = endpoints,
            Id = "test-id",
            Secret = new AgentSecret("test-secret\n", "a test"),
            DataDirectory = _folder.Root,
        };
        var link = new ControlLink(options, new HelloMessage(AgentKind.Connector, "key", "1", 0), Keeper(_body, TimeProvider.System), _body, TimeProvider.System, Logger(), () => 0)
        {
            ReportInterval = reportInterval ?? TimeSpan.FromSeconds(10),
        };
        _running.Add(link.RunAsync(_stop.Token));
        return link;
    }

    private TableKeeper Keeper(FakeBody body, TimeProvider time) => new(body, new TableCache(_folder["table.json"], "test-id", time), "test-id", time, Logger());

    private ILogger Logger() => new LineLoggerFactory(_log, LogLevel.Information, TimeProvider.System).CreateLogger("agent");

    private string Log()
    {
        lock (_log)
            return _log.ToString();
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

    private sealed class TestClock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UtcNow;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _now.UtcTicks;
    }
}
