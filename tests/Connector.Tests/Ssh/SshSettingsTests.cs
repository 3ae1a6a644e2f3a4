using Keyhole.Agent;
using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector.Tests;

[Trait("Threat", "35")]
public sealed class SshSettingsTests : IDisposable
{
    private const string Key = "a-key-of-more-than-24-characters";

    private readonly string _folder = Directory.CreateTempSubdirectory("kh-").FullName;
    private readonly List<string> _lines = [];
    private string? _key;

    [Fact]
    [Trait("Promise", "B12")]
    public async Task The_pre_shared_key_comes_from_a_file_of_which_others_know_nothing()
    {
        await StartAsync("--ad-pre-shared-key-file", Write("key", Key + "\n", UnixFileMode.UserRead));
        Assert.Equal(Key, _key);
        Assert.Empty(_lines);
    }

    [Fact]
    public async Task A_file_that_others_can_read_is_a_warning_that_does_not_show_the_key()
    {
        await StartAsync("--ad-pre-shared-key-file", Write("key", Key, UnixFileMode.UserRead | UnixFileMode.OtherRead));
        Assert.Equal(Key, _key);
        Assert.Contains("chmod 600", Assert.Single(_lines), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, _lines[0], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task The_key_on_the_command_line_works_with_a_warning_that_does_not_show_it()
    {
        await StartAsync("--ad-pre-shared-key", Key);
        Assert.Equal(Key, _key);
        Assert.Contains("--ad-pre-shared-key-file", Assert.Single(_lines), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, _lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_key_there_is_none()
    {
        await StartAsync();
        Assert.Null(_key);
        Assert.Empty(_lines);
    }

    [Fact]
    public async Task A_key_given_twice_or_in_no_file_starts_nothing()
    {
        await StartAsync("--ad-pre-shared-key", Key, "--ad-pre-shared-key-file", Write("key", Key, UnixFileMode.UserRead));
        await StartAsync("--ad-pre-shared-key-file", Path.Combine(_folder, "none"));
        Assert.Null(_key);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string content, UnixFileMode mode)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
        return path;
    }

    /// <summary>As the connector starts, up to its settings.</summary>
    private async Task StartAsync(params string[] arguments)
    {
        string secret = Write("secret", "s3cret", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var definition = new AgentDefinition("test", AgentKind.Connector, "Reads settings.", SshSettings.All, start =>
        {
            _key = SshSettings.Key(start.Values, new Lines(_lines));
            throw new AgentException("read");
        });
        Assert.Equal(1, await AgentProgram.RunAsync(definition, ["--endpoint", "https://c", "--id", "x", "--secret-file", secret, "--data", Path.Combine(_folder, "data"), .. arguments]));
    }

    private sealed class Lines(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Add(formatter(state, exception));
    }
}
