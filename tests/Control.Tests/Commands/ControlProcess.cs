using System.Diagnostics;

namespace Keyhole.Control.Tests;

/// <summary>The built program, run as an operator runs it.</summary>
internal sealed class ControlProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ControlProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public Uri Address { get; }

    /// <summary>Starts "serve" and waits until it listens.</summary>
    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    /// <param name="port">0 for any that is free.</param>
    public static async Task<ControlProcess> ServeAsync(string directory, string? database = null, int port = 0)
    {
        return await WaitAsync(Start(["serve", "--data", directory, "--listen", $"http://127.0.0.1:{port}"], database));
    }

    /// <summary>Starts "serve" with its data directory on a file system of its own, which nobody else sees.</summary>
    /// <param name="size">As mount understands it: "2m".</param>
    public static async Task<ControlProcess> ServeOnSmallDiskAsync(string directory, string size)
    {
        Directory.CreateDirectory(directory);
        string program = Path.Combine(AppContext.BaseDirectory, "keyhole-control.dll");
        string script = $"mount -t tmpfs -o size={size},mode=700 tmpfs {directory} && exec dotnet {program} serve --data {directory} --listen http://127.0.0.1:0";
        return await WaitAsync(Process.Start(new ProcessStartInfo("unshare", ["--map-root-user", "--mount", "sh", "-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
    }

    /// <summary>The path of a file of the process as this process reaches it, whatever is mounted there for the other.</summary>
    public string Reach(string path) => $"/proc/{_process.Id}/root{path}";

    private static async Task<ControlProcess> WaitAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(Patience);
        string? line = await process.StandardOutput.ReadLineAsync(deadline.Token);
        const string Lead = "keyhole-control listens on ";
        if (line?.StartsWith(Lead, StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"{line}\n{await process.StandardError.ReadToEndAsync(deadline.Token)}");
        return new ControlProcess(process, new Uri(line[Lead.Length..]));
    }

    /// <summary>Runs one command to its end, without a terminal.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as service managers send it; gives what the server logged.</summary>
    public async Task<(int ExitCode, string Errors)> StopAsync()
    {
        using var kill = Process.Start("kill", [_process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        using var deadline = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(deadline.Token);
        return (_process.ExitCode, await _errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static Process Start(IEnumerable<string> arguments, string? database = null)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "keyhole-control.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (database is not null)
            start.Environment[DatabaseSource.Variable] = database;
        return Process.Start(start)!;
    }
}
