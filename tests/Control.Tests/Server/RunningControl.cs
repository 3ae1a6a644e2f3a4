using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Keyhole.Control.Tests;

/// <summary>A server with real sockets and a real database in a directory of its own, spoken to as the commands do.</summary>
internal sealed class RunningControl : IAsyncDisposable
{
    private RunningControl(string directory, ControlServer server, LogLines log)
    {
        Directory = directory;
        Server = server;
        Log = log;
        Operator = new OperatorClient(DataDirectory.Open(directory));
    }

    public string Directory { get; }

    public ControlServer Server { get; }

    public LogLines Log { get; }

    public OperatorClient Operator { get; }

    public Uri Address => Server.Address;

    /// <summary>Of the only organisation.</summary>
    public Ledger Ledger => Assert.Single(Server.Networks.All).Ledger;

    public static Task<RunningControl> StartAsync() => StartAsync(NewDirectory());

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    public static Task<RunningControl> StartAsync(string directory, ILoginSessions? sessions = null, string? database = null) =>
        StartAsync(ServeOptions.Parse(directory, "http://127.0.0.1:0", null, allowHttp: false) with { Database = database }, sessions);

    public static async Task<RunningControl> StartAsync(ServeOptions options, ILoginSessions? sessions = null)
    {
        var log = new LogLines();
        return new RunningControl(options.Data, await ControlServer.StartAsync(options, TimeProvider.System, logging => logging.AddProvider(log), sessions), log);
    }

    public static string NewDirectory() => Path.Combine(Path.GetTempPath(), $"keyhole-control-{Guid.NewGuid():N}");

    public Task<ApplyAnswer> ApplyAsync(string text, bool planOnly = false) => PostAsync(
        OperatorRoutes.Apply, new ApplyRequest(text, planOnly, null), OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer);

    public Task<CredentialAnswer> CredentialAsync(AgentKind kind, string name) => PostAsync(
        OperatorRoutes.Credentials, new CredentialRequest(kind, name), OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer);

    public Task<ConfigAnswer> ConfigAsync(string name, bool newKey = false) => PostAsync(
        OperatorRoutes.Config, new ConfigRequest(name, newKey), OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer);

    public Task<StatusAnswer> StatusAsync() => Operator.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer);

    /// <summary>An agent with fresh credentials, connected, that has said hello and read the answer.</summary>
    public async Task<TestAgent> AgentAsync(AgentKind kind, string name)
    {
        var agent = await TestAgent.ConnectAsync(Address, await CredentialAsync(kind, name), kind);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    public async Task StopAsync()
    {
        Operator.Dispose();
        await Server.DisposeAsync();
    }

    private Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType) =>
        Operator.PostAsync(path, request, requestType, answerType);

    /// <summary>What the server logged.</summary>
    internal sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public IEnumerable<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

        public void Dispose()
        {
        }

        /// <summary>Waits until a line holds all the words.</summary>
        public async Task<string> FindAsync(params string[] words)
        {
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                if (_lines.FirstOrDefault(line => words.All(word => line.Contains(word, StringComparison.Ordinal))) is { } found)
                    return found;
                await Task.Delay(10);
            }

            throw new InvalidOperationException($"No line with \"{string.Join("\", \"", words)}\" in:\n{string.Join("\n", _lines)}");
        }
    }
}
