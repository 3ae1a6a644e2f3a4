using System.ComponentModel;
using System.Diagnostics;

namespace Keyhole.Client;

/// <summary>Runs a program of the machine that configures its resolver.</summary>
internal static class ResolverTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <exception cref="ResolverException">It is not there, failed, or took too long.</exception>
    public static async Task RunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(patience.Token);
                var error = process.StandardError.ReadToEndAsync(patience.Token);
                await process.StandardInput.WriteAsync(input);
                process.StandardInput.Close();
                await process.WaitForExitAsync(patience.Token);
                await output;
                if (process.ExitCode != 0)
                    throw new ResolverException($"'{program} {string.Join(' ', start.ArgumentList)}' failed with {process.ExitCode}: {(await error).Trim()}");
            }
            catch (OperationCanceledException e)
            {
                process.Kill(entireProcessTree: true);
                throw new ResolverException($"'{program}' did not end within {Patience.TotalSeconds:F0} s.", e);
            }
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            throw new ResolverException($"'{program}' cannot be run: {e.Message}", e);
        }
    }
}
