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
    public static async Task<ControlProcess> ServeAsync(string directory)
    {
        var process = Start(["serve", "--data", directory, "--listen", "http://127.0.0.1:0"]);
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

    private static Process Start(IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "keyhole-control.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
