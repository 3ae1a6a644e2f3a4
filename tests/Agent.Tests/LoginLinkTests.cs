using Keyhole.Contracts;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Agent.Tests;

/// <summary>An agent that lives by a login, and ends with it.</summary>
public sealed class LoginLinkTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    [Trait("Promise", "A4")]
    public async Task When_the_login_is_over_the_agent_ends_and_says_so()
    {
        using var control = new FakeControl();
        var running = RunAsync(control.Endpoint, isLogin: true, CancellationToken.None);
        using var agent = await control.AcceptAsync();
        Assert.Equal(AgentKind.Device, (await agent.HearAsync<HelloMessage>()).Kind);
        await agent.SayAsync(new RefusedMessage(RefusalReason.Revoked, "the session was ended"));
        var error = await Assert.ThrowsAsync<AgentException>(() => running.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Contains("the login is over (the session was ended", error.Message, StringComparison.Ordinal);
        Assert.Contains("keyhole login", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_ended_meanwhile_is_found_out_at_the_next_connection()
    {
        using var control = new FakeControl();
        var running = RunAsync(control.Endpoint, isLogin: true, CancellationToken.None);
        await control.RefuseAsync(401);
        await Assert.ThrowsAsync<AgentException>(() => running.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    [Theory]
    [InlineData(401, "text/html")]
    [InlineData(403, "application/problem+json")]
    public async Task What_is_not_Control_s_word_on_the_login_does_not_end_the_agent(int status, string contentType)
    {
        using var control = new FakeControl();
        using var stop = new CancellationTokenSource();
        var running = RunAsync(control.Endpoint, isLogin: true, stop.Token);
        await control.RefuseAsync(status, contentType);
        await Task.Delay(300);
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData(RefusalReason.Replaced, true)]
    [InlineData(RefusalReason.Message, true)]
    [InlineData(RefusalReason.Revoked, false)]
    public async Task Any_other_refusal_and_any_other_agent_goes_on_trying(RefusalReason reason, bool isLogin)
    {
        using var control = new FakeControl();
        using var stop = new CancellationTokenSource();
        var running = RunAsync(control.Endpoint, isLogin, stop.Token);
        using (var agent = await control.AcceptAsync())
        {
            await agent.HearAsync<HelloMessage>();
            await agent.SayAsync(new RefusedMessage(reason, "not now"));
        }

        await Task.Delay(300);
        Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2));
    }

    public void Dispose() => _folder.Dispose();

    private Task RunAsync(Uri endpoint, bool isLogin, CancellationToken stop)
    {
        var body = new FakeBody();
        var secret = new AgentSecret("test-secret", "a test");
        var options = new AgentOptions
        {
            Endpoints = [endpoint],
            Id = "test-id",
            Secret = secret,
            DataDirectory = _folder.Root,
            Login = isLogin ? new AgentIdentity(endpoint, "test-id", secret, AgentKind.Device, "ann@acme.example", "acme") : null,
        };
        var keeper = new TableKeeper(body, new TableCache(_folder["table.json"], "test-id", TimeProvider.System), "test-id", TimeProvider.System, NullLogger.Instance);
        var hello = new HelloMessage(isLogin ? AgentKind.Device : AgentKind.Machine, "key", "1", 0);
        return new ControlLink(options, hello, keeper, body, TimeProvider.System, NullLogger.Instance, () => 0).RunAsync(stop);
    }
}
