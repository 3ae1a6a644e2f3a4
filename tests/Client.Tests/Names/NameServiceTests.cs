using Keyhole.Contracts;
using Keyhole.Tunnel;
using Microsoft.Extensions.Logging.Abstractions;

namespace Keyhole.Client.Tests.Names;

public sealed class NameServiceTests : IAsyncDisposable
{
    private static readonly NameTable Granted = new([new ResourceRow(1, 1, "web.acme", "192.168.1.20", ["100.96.0.1/32"], "web.acme", [], [], true)]);

    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-names-").FullName;
    private readonly FakeResolver _resolver = new();
    private readonly FakeTime _time = new();
    private readonly NameService _service;

    public NameServiceTests()
    {
        _service = new NameService(_resolver, new RestoreFile(_folder), NullLogger.Instance, _time, port: 0);
        _service.Take(Granted);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    [Trait("Promise", "D9")]
    public async Task A_resolver_that_is_not_ready_is_told_later_and_ever_less_often()
    {
        _resolver.Refusals = 15;
        await _service.FollowAsync(null, default);
        Assert.Equal("not ready", Problem);
        await CheckForAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(4, _resolver.Attempts);
        await CheckForAsync(TimeSpan.FromMinutes(20));
        Assert.True(_resolver.IsApplied);
        Assert.Equal(16, _resolver.Attempts);
        Assert.Null(Problem);
    }

    [Fact]
    public async Task Only_a_program_that_keeps_writing_is_left_alone_and_not_for_ever()
    {
        await _service.FollowAsync(null, default);
        for (int count = 0; count < 20; count++)
        {
            _resolver.IsApplied = false;
            await CheckForAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(11, _resolver.Attempts);
        Assert.StartsWith("another program", Problem, StringComparison.Ordinal);
        await CheckForAsync(TimeSpan.FromMinutes(6));
        Assert.True(_resolver.IsApplied);
        Assert.Null(Problem);
    }

    [Fact]
    [Trait("Threat", "26")]
    public async Task Nothing_is_changed_while_an_earlier_change_is_not_undone()
    {
        const string Left = "{\"version\":9}";
        string record = Path.Combine(_folder, "restore.json");
        File.WriteAllText(record, Left);
        await _service.UndoLeftoversAsync();
        await _service.FollowAsync(null, default);
        await CheckForAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(0, _resolver.Attempts);
        Assert.Equal(Left, File.ReadAllText(record));
        Assert.NotNull(Problem);

        File.Delete(record);
        await CheckForAsync(TimeSpan.FromMinutes(1));
        Assert.True(_resolver.IsApplied);
        Assert.Null(Problem);
    }

    private string? Problem => (string?)_service.Describe()["problem"];

    private async Task CheckForAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(1))
        {
            _time.Pass(TimeSpan.FromSeconds(1));
            await _service.CheckAsync(default);
        }
    }
}
