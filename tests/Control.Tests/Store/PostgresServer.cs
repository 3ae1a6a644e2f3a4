using System.Diagnostics;
using Dapper;
using Npgsql;

namespace Keyhole.Control.Tests;

/// <summary>Debian's PostgreSQL in a directory of its own, reached by a Unix socket only; one for all tests of a run.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static int _databases;

    private readonly string _root = Path.Combine(Path.GetTempPath(), $"keyhole-pg-{Guid.NewGuid():N}"[..24]);
    private Process? _process;

    public async Task InitializeAsync()
    {
        string programs = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(folder => File.Exists(Path.Combine(folder, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault() ?? ""
            : "";
        if (programs.Length == 0)
            throw new InvalidOperationException("PostgreSQL is missing: apt-get install postgresql");
        Directory.CreateDirectory(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // It refuses to run as root.
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "postgres", _root);
        await RunAsync([.. AsPostgres(), Path.Combine(programs, "initdb"), "-D", Path.Combine(_root, "data"), "-U", "keyhole", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        // No fsync: what is tested is who writes what, not this machine's disk.
        _process = Start([.. AsPostgres(), Path.Combine(programs, "postgres"), "-D", Path.Combine(_root, "data"), "-k", _root, "-h", "", "-F", "-c", "max_connections=300"]);
        for (int i = 0; ; i++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (i < 300 && !_process.HasExited)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>A new, empty database.</summary>
    public async Task<string> CreateAsync()
    {
        string name = $"test{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    public async Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            // A fast shutdown, which also reaches it through setpriv: that replaces itself by the server.
            await RunAsync("kill", "-INT", $"{_process.Id}");
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static string[] AsPostgres() => Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : [];

    private string ConnectionString(string database) => $"Host={_root};Database={database};Username=keyhole;Maximum Pool Size=20";

    private static Process Start(params string[] command) => Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = "/",
    })!;

    private static async Task RunAsync(params string[] command)
    {
        using var process = Start(command);
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command[0]}: {await error}");
    }
}
