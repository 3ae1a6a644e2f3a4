using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent.Tests;

/// <summary>The link to Control when the machine moves to another network. Nothing here passes time but the test.</summary>
public sealed class NetworkChangeTests : IAsyncLifetime, IDisposable
{
    private static readonly Table First = new() { Revision = 4, Organisation = "acme", Overlay = ["100.64.0.0/10"] };

    private static readonly TimeSpan Proof = TimeSpan.FromSeconds(3);

    private readonly TestFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly NetworkChange _network = new();
    private readonly StringWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    [Fact]
    public async Task Whoever_waits_for_the_next_attempt_waits_no_more()
    {
        int port;
        using (var probe = new FakeControl())
            port = probe.Port;
        Start(new Uri($"http://127.0.0.1:{port}/"));
        Assert.True(await UntilAsync(() => Log().Contains("is away", StringComparison.Ordinal)));
        using var control = new FakeControl(port);
        _network.Tell();
        using var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
    }

    [Fact]
    public async Task A_connection_that_brings_no_answer_any_more_is_made_anew()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using var agent = await ConnectAsync(control);
        _network.Tell();
        Assert.Equal(4, (await agent.HearAsync<HelloMessage>()).Revision);
        var again = control.AcceptAsync();
        Assert.True(await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return again.IsCompleted;
        }));
        using var fresh = await again;
        Assert.Equal(4, (await fresh.HearAsync<HelloMessage>()).Revision);
        Assert.Contains("no answer since the network changed", Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_stands_stays_however_often_the_network_changes()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using var agent = await ConnectAsync(control);
        for (int round = 0; round < 3; round++)
        {
            _network.Tell();
            Assert.Equal(4, (await agent.HearAsync<HelloMessage>()).Revision);
            await agent.SayAsync(new CurrentMessage(4));
            Assert.Equal(4, (await agent.HearAsync<AckMessage>()).Revision);
            // The agent looks whether there was an answer, for which it gives Control some seconds; its reports come every ten.
            Assert.True(await UntilAsync(() => _time.Pending.Contains(Proof)));
            _time.Advance(Proof);
        }

        await agent.SayAsync(new DeltaMessage(new TableDelta { FromRevision = 4, Revision = 5 }));
        Assert.Equal(5, (await agent.HearAsync<AckMessage>()).Revision);
        Assert.DoesNotContain("is away", Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_the_machine_slept_through_says_nothing_and_is_made_anew()
    {
        using var control = new FakeControl();
        Start(control.Endpoint);
        using var agent = await ConnectAsync(control);
        Assert.True(await UntilAsync(() => _time.Pending.Contains(TimeSpan.FromSeconds(10))));
        var again = control.AcceptAsync();
        _time.Sleep(TimeSpan.FromDays(8));
        Assert.True(await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return again.IsCompleted;
        }));
        using var fresh = await again;
        // The table was as old as the sleep was long, and is over.
        Assert.Equal(0, (await fresh.HearAsync<HelloMessage>()).Revision);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public void Dispose()
    {
        _stop.Dispose();
        _folder.Dispose();
        _log.Dispose();
    }

    private static async Task<FakeControl.Conversation> ConnectAsync(FakeControl control)
    {
        var agent = await control.AcceptAsync();
        await agent.HearAsync<HelloMessage>();
        await agent.SayAsync(new SnapshotMessage(7, First));
        await agent.HearAsync<AckMessage>();
        return agent;
    }

    private void Start(Uri endpoint)
    {
        var body = new FakeBody();
        var logger = new LineLoggerFactory(_log, LogLevel.Information, TimeProvider.System).CreateLogger("agent");
        var options = new AgentOptions { Endpoints = [endpoint], Id = "test-id", Secret = new AgentSecret("test-secret", "a test"), DataDirectory = _folder.Root };
        var keeper = new TableKeeper(body, new TableCache(_folder["table.json"], "test-id", _time), "test-id", _time, logger);
        _running = new ControlLink(options, new HelloMessage(AgentKind.Machine, "key", "1", 0), keeper, body, _time, logger, () => 0) { Network = _network }.RunAsync(_stop.Token);
    }

    private string Log()
    {
        lock (_log)
            return _log.ToString();
    }

    private static async Task<bool> UntilAsync(Func<bool> condition)
    {
        for (int round = 0; round < 800 && !condition(); round++)
            await Task.Delay(25);
        return condition();
    }
}
