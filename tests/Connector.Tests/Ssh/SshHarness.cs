using System.Collections.Concurrent;
using System.Diagnostics;
using Keyhole.Contracts;
using Keyhole.SshHost;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector.Tests;

/// <summary><see cref="SshSites"/> with a daemon of the test per address, the test's clock, and all that comes out.</summary>
internal sealed class SshHarness : ILogger, IAsyncDisposable
{
    public const string Authority = "00112233445566778899aabbccddeeff";

    private long _revision;

    /// <param name="file">Where it keeps the hosts that it met.</param>
    public SshHarness(string? file = null)
    {
        Options = new SshSitesOptions(ChooseAsync, Time, () => 0.25, this) { Met = new MetHosts(file, this) };
        Sites = new SshSites(Options);
    }

    public SshSitesOptions Options { get; }

    public ManualTime Time { get; } = new();

    public SshSites Sites { get; }

    /// <summary>The daemon of this process, and those of addresses.</summary>
    public FakeDaemon Local { get; } = new();

    public ConcurrentDictionary<string, FakeDaemon> Remote { get; } = new();

    public ConcurrentQueue<SshHostMessage> Told { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    public static SshRow Row(int resource = 7, SshDaemon? daemon = null, params int[] users) =>
        new(resource, Authority, daemon, ["ssh-ed25519 CA2", "ssh-ed25519 CA1"], users, [], []);

    public static SshAccountOrder Order(int user, string name = "ada") => new(user, name, "ada@example.com", null, null);

    public void Apply(params SshRow[] rows) => ApplyAt(++_revision, rows);

    public void ApplyAt(long revision, params SshRow[] rows) => Sites.Apply(new Table
    {
        Revision = revision,
        Lineage = "a1",
        Organisation = "acme",
        Overlay = ["100.64.0.0/10"],
        Resources = [.. rows.Select(row => new ResourceRow(row.Resource, 1, $"vm-{row.Resource}", "10.0.0.9", [], null, [], [], false))],
        Ssh = rows,
    });

    /// <summary>The time of the table is over.</summary>
    public void Expire() => Sites.Apply(new Table { Revision = 0, Organisation = "acme", Overlay = [] });

    /// <summary>Control is connected until the result is disposed.</summary>
    public IDisposable Follow() => Sites.Follow(Told.Enqueue);

    /// <summary>Waits until every host has nothing to do before the clock moves on.</summary>
    /// <returns>How long the hosts wait, ascending.</returns>
    public async Task<IReadOnlyList<TimeSpan>> RestAsync(int hosts = 1)
    {
        IReadOnlyList<TimeSpan> pending = [];
        await Until(() => (pending = Time.Pending).Count == hosts && pending.All(wait => wait != SshSite.Patience && wait != SshSite.ShortPatience));
        return pending;
    }

    public string State(string name) => (string)Sites.Describe().Single(host => (string?)host!["name"] == name)!["state"]!;

    public static async Task Until(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), "waited in vain");
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => Sites.DisposeAsync();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");

    private Task<IAuthDaemon> ChooseAsync(SshTarget target, CancellationToken cancelled) =>
        Task.FromResult<IAuthDaemon>(target.Row.Daemon is { } daemon ? Remote.GetOrAdd(daemon.Host, _ => new FakeDaemon()) : Local);
}
