using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent.Tests;

public sealed class ProgramTests : IDisposable
{
    private static readonly Setting Extra = new("--listen", "ADDR:PORT", "Where.");

    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, string> _environment = [];
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private readonly StringWriter _log = new();
    private AgentStart? _start;

    [Theory]
    [InlineData("--endpoint is required", "--id x --secret-file SECRET --data DIR")]
    [InlineData("--id is required", "--endpoint https://c --secret-file SECRET --data DIR")]
    [InlineData("--data is required", "--endpoint https://c --id x --secret-file SECRET")]
    [InlineData("A secret is required", "--endpoint https://c --id x --data DIR")]
    [InlineData("is not an http or https URL", "--endpoint ftp://c --id x --secret-file SECRET --data DIR")]
    [InlineData("--allow-http", "--endpoint http://control.example --id x --secret-file SECRET --data DIR")]
    [InlineData("whoever lists processes", "--endpoint https://c --id x --secret s3cret --data DIR")]
    [InlineData("remove one", "--endpoint https://c --id x --secret - --secret-file SECRET --data DIR")]
    [InlineData("nowhere cannot be read", "--endpoint https://c --id x --secret-file nowhere --data DIR")]
    [InlineData("not on loopback", "--endpoint https://c --id x --secret-file SECRET --data DIR --metrics 0.0.0.0:9000")]
    [InlineData("is not ADDR:PORT", "--endpoint https://c --id x --secret-file SECRET --data DIR --metrics nine")]
    [InlineData("--log 'loud'", "--endpoint https://c --id x --secret-file SECRET --data DIR --log loud")]
    [InlineData("not an identifier", "--endpoint https://c --id a/b --secret-file SECRET --data DIR")]
    [InlineData("No agent runs in", "status --data DIR")]
    [InlineData("There is no directory", "status --data DIR/none")]
    public async Task A_wrong_option_is_one_clear_line(string message, string line)
    {
        Assert.Equal(1, await RunAsync(line));
        Assert.Contains(message, Assert.Single(_error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", _error.ToString(), StringComparison.Ordinal);
        Assert.Null(_start);
    }

    [Theory]
    [InlineData("--endpoint https://c --id x --secret-file SECRET --data DIR --more 1")]
    [InlineData("--endpoint https://c --id x --secret-file SECRET --data DIR more")]
    [InlineData("--endpoint")]
    public async Task An_unknown_option_is_an_error(string line)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.NotEmpty(_error.ToString());
        Assert.Null(_start);
    }

    [Fact]
    [Trait("Promise", "O5")]
    public async Task Every_flag_has_its_variable_and_the_flag_wins()
    {
        _environment["KEYHOLE_ENDPOINT"] = "http://control.example/net";
        _environment["KEYHOLE_ALLOW_HTTP"] = "1";
        _environment["KEYHOLE_ID"] = "from-environment";
        _environment["KEYHOLE_SECRET"] = "s3cret";
        _environment["KEYHOLE_DATA"] = _folder["data"];
        _environment["KEYHOLE_LISTEN"] = "[::]:1";
        _environment["KEYHOLE_LOG"] = "debug";
        await RunAsync("--id from-flag");
        Assert.Equal("from-flag", _start!.Options.Id);
        Assert.Equal("http://control.example/net/", Assert.Single(_start.Options.Endpoints).AbsoluteUri);
        Assert.Equal("s3cret", _start.Options.Secret.Expose());
        Assert.Equal("[::]:1", _start.Values.Require(Extra));
        Assert.Equal(LogLevel.Debug, _start.Options.LogLevel);
    }

    [Fact]
    [Trait("Promise", "A7"), Trait("Promise", "O6")]
    public async Task A_secret_comes_from_standard_input_a_file_or_the_environment()
    {
        await RunAsync("--endpoint https://c --id x --secret - --data DIR/1");
        Assert.Equal("from-input", _start!.Options.Secret.Expose());
        _environment["KEYHOLE_SECRET_FILE"] = _folder.Write("other", "from-variable-file\n");
        await RunAsync("--endpoint https://c --id x --data DIR/2");
        Assert.Equal("from-variable-file", _start.Options.Secret.Expose());
        await RunAsync("--endpoint https://c --id x --secret-file SECRET --data DIR/3");
        Assert.Equal("from-file", _start.Options.Secret.Expose());
        _environment["KEYHOLE_SECRET"] = "both";
        Assert.Equal(1, await RunAsync("--endpoint https://c --id x --data DIR/4"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://localhost")]
    [InlineData("http://[::1]:80/")]
    public async Task Loopback_may_speak_http(string endpoint)
    {
        await RunAsync($"--endpoint {endpoint} --id x --secret-file SECRET --data DIR/d");
        Assert.NotNull(_start);
    }

    [Fact]
    [Trait("Promise", "O8"), Trait("Promise", "O13")]
    public async Task A_run_serves_status_and_metrics_drains_on_a_signal_and_hurries_on_the_second()
    {
        var body = new FakeBody();
        int port = FreePort();
        using var signals = new ShutdownSignals();
        var run = HostAsync(body, signals, port);
        Assert.Equal(0, await UntilAsync(() => RunAsync("status --data DIR/d --json")));
        using (var status = JsonDocument.Parse(_output.ToString()))
        {
            Assert.Equal("keyhole-test", status.RootElement.GetProperty("program").GetString());
            Assert.False(status.RootElement.GetProperty("control").GetProperty("connected").GetBoolean());
            Assert.True(status.RootElement.GetProperty("relays")[0].GetProperty("live").GetBoolean());
        }

        _output.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("status --data DIR/d"));
        Assert.EndsWith("revision: 0\nrelays:\n  1:\n    name: vps\n    live: yes\nflows: 0\nnote: none\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("public key: ", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["d/status.sock"]));

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        string metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Contains("keyhole_test_total{reason=\"a\\\"b\"} 5\n", metrics, StringComparison.Ordinal);
        Assert.Contains("# TYPE keyhole_control_connected gauge\n", metrics, StringComparison.Ordinal);
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri("healthz", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);
        body.IsReady = true;
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("readyz", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("other", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsync(new Uri("metrics", UriKind.Relative), null)).StatusCode);

        signals.Raise();
        await body.Draining.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.False(run.IsCompleted);
        signals.Raise();
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.True(body.Disposed);
        Assert.False(File.Exists(_folder["d/status.sock"]));
    }

    [Fact]
    public async Task A_data_path_that_fails_ends_the_program()
    {
        var body = new FakeBody();
        using var signals = new ShutdownSignals();
        var run = HostAsync(body, signals, 0);
        body.Fail(new InvalidOperationException("the socket is gone"));
        Assert.Equal(1, await run.WaitAsync(TimeSpan.FromMinutes(2)));
        Assert.Contains("the socket is gone", _log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "37")]
    public void A_log_line_stays_one_line()
    {
        using var factory = new LineLoggerFactory(_output, LogLevel.Information, TimeProvider.System);
        var logger = factory.CreateLogger("test");
        Say(logger, "a\nb\x1b[31m\u0085ü", null);
        logger.Log(LogLevel.Debug, default, "unseen", null, (state, _) => state);
        string line = Assert.Single(_output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith("info test: a\\x0ab\\x1b[31m\\x85ü", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Down_is_heard_whatever_the_data_path_does_and_is_done_when_everything_is_undone()
    {
        var undone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var body = new FakeBody { Answering = new TaskCompletionSource().Task, IsIdle = true, Undoing = undone.Task };
        using var signals = new ShutdownSignals();
        var run = HostAsync(body, signals, 0);
        var down = DownAsync(_ => body.Disposed && DataDirectory.IsFree(_folder["d"]) ? false : throw new AgentException("asked too early"));
        await body.Draining.Task.WaitAsync(TimeSpan.FromSeconds(20));
        // The status socket goes while the data path is undone.
        await Task.Delay(200);
        Assert.False(down.IsCompleted);
        undone.SetResult();
        Assert.Equal((0, ""), (await down.WaitAsync(TimeSpan.FromSeconds(20)), _error.ToString()));
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Down_waits_for_one_that_has_no_ear_any_more()
    {
        var ending = DataDirectory.Open(_folder["d"]);
        var down = DownAsync(_ => false);
        await Task.Delay(200);
        Assert.False(down.IsCompleted);
        ending.Dispose();
        Assert.Equal(0, await down.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Down_does_not_say_that_all_is_well_when_something_was_not_undone(bool runs)
    {
        using var signals = new ShutdownSignals();
        var run = runs ? HostAsync(new FakeBody { IsIdle = true }, signals, 0) : Task.FromResult(0);
        Assert.Equal(1, await DownAsync(_ => throw new AgentException("/etc/resolv.conf cannot be written")).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("error: /etc/resolv.conf cannot be written", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await run.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Down_without_an_agent_undoes_what_one_has_left(bool hasLeft, int code)
    {
        Assert.Equal(code, await DownAsync(directory => directory == _folder["d"] && hasLeft));
        Assert.Equal(!hasLeft, _error.ToString().Contains("error: ", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static readonly Action<ILogger, string, Exception?> Say = LoggerMessage.Define<string>(LogLevel.Information, default, "{Text}");

    private Task<int> DownAsync(Func<string, bool> repair) =>
        RunAsync("down --data DIR/d", AgentProgram.DownCommand(AgentSettings.Data, async directory => await Task.FromResult(repair(directory)), _environment.GetValueOrDefault, _error));

    private Task<int> RunAsync(string line, params System.CommandLine.Command[] others)
    {
        _start = null;
        _error.GetStringBuilder().Clear();
        string secret = _folder.Write("secret", "from-file\n");
        string[] args = [.. line.Split(' ').Select(word => word.Replace("SECRET", secret, StringComparison.Ordinal).Replace("DIR", _folder.Root, StringComparison.Ordinal))];
        return AgentProgram.RunAsync(Definition(), args, _environment.GetValueOrDefault, new StringReader("from-input\n"), _output, _error, others);
    }

    private Task<int> HostAsync(FakeBody body, ShutdownSignals signals, int metricsPort)
    {
        var definition = Definition() with { Create = _ => body };
        var options = new AgentOptions
        {
            Endpoints = [new Uri("http://127.0.0.1:1/")],
            Id = "x",
            Secret = new AgentSecret("y", "a test"),
            DataDirectory = _folder["d"],
            Metrics = metricsPort == 0 ? null : new IPEndPoint(IPAddress.Loopback, metricsPort),
        };
        var values = new SettingValues(new System.CommandLine.RootCommand().Parse([]), [], _ => null);
        return new AgentHost(definition, options, values, new LineLoggerFactory(_log, LogLevel.Information, TimeProvider.System), TimeProvider.System).RunAsync(signals);
    }

    /// <summary>An agent that shows what it was given and goes no further.</summary>
    private AgentDefinition Definition() => new("keyhole-test", AgentKind.Connector, "A test.", [Extra], start =>
    {
        _start = start;
        throw new AgentException("far enough");
    });

    private static async Task<int> UntilAsync(Func<Task<int>> attempt)
    {
        for (int round = 0; round < 2000; round++)
        {
            if (await attempt() == 0)
                return 0;
            await Task.Delay(25);
        }

        return await attempt();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
