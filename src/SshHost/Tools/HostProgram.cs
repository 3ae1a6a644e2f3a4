using System.ComponentModel;
using System.Diagnostics;

namespace Keyhole.SshHost;

/// <summary>Runs the programs of the host that change accounts. Arguments go as a list: no shell ever sees them.</summary>
internal static class HostProgram
{
    /// <summary>Longer than any of them takes; one that waits for somebody must not hold the others up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The program's path, or null where the host does not have it. The PATH of whoever started this process does not count.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs it to its end, whatever its status.</summary>
    /// <param name="input">What it reads from its standard input.</param>
    /// <param name="limit">How long it may take; null: a minute.</param>
    /// <exception cref="AuthDaemonException">The host does not have it, or it does not end.</exception>
    public static async Task<ProgramResult> RunAsync(string name, IReadOnlyList<string> arguments, string input = "", TimeSpan? limit = null)
    {
        string path = Find(name) ?? throw new AuthDaemonException($"This host has no program '{name}': install it.");
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = string.Join(':', Folders);
        start.Environment["LC_ALL"] = "C";
        using var patience = new CancellationTokenSource(limit ?? Patience);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
            var (output, error) = (new ProgramOutput(process.StandardOutput), new ProgramOutput(process.StandardError));
            await WriteAsync(process, input).ConfigureAwait(false);
            await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            return new ProgramResult(process.ExitCode, await output.TextAsync().ConfigureAwait(false), await error.TextAsync().ConfigureAwait(false));
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new AuthDaemonException($"The program '{name}' of the host did not end within {(limit ?? Patience).TotalSeconds:F0} s.", e);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new AuthDaemonException($"The program '{name}' of the host cannot be run: {e.Message}", e);
        }
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="AuthDaemonException">It failed; the message holds what it said.</exception>
    public static async Task<string> RequireAsync(string name, IReadOnlyList<string> arguments, string input = "")
    {
        var result = await RunAsync(name, arguments, input).ConfigureAwait(false);
        return result.Status == 0 ? result.Output : throw new AuthDaemonException($"The program '{name}' of the host failed with status {result.Status}: {result.Said}");
    }

    private static async Task WriteAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: its status says why.
        }
    }
}
