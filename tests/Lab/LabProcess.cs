using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Keyhole.Lab;

/// <summary>A program that a test runs: its lines are kept, it can be waited for, ended and killed.</summary>
public sealed class LabProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly Lock _lock = new();
    private bool _isDisposed;

    internal LabProcess(string name, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        Name = name;
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["PATH"] = $"{start.Environment["PATH"]}:/usr/sbin:/sbin";
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    /// <summary>The process id: of the program itself, since <c>ip netns exec</c> becomes it.</summary>
    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Runs a command to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It ended with a status other than 0; the message holds what it printed.</exception>
    public static string Run(string program, params string[] arguments)
    {
        var (status, output, error) = Execute(program, arguments);
        return status == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: status {status}\n{error}{output}");
    }

    /// <summary>Runs a command to its end; its failure is the answer false.</summary>
    public static bool TryRun(string program, params string[] arguments) => Execute(program, arguments).Status == 0;

    /// <summary>Runs a command to its end and returns its status and what it printed on both streams.</summary>
    public static (int Status, string Output, string Error) Execute(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["PATH"] = $"{start.Environment["PATH"]}:/usr/sbin:/sbin";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Waits until a line matches, from the first line on, and returns the match.</summary>
    /// <exception cref="TimeoutException">No line did; the message holds the last lines.</exception>
    public Match WaitForLine(string pattern, TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        for (int next = 0; ; )
        {
            string[] fresh;
            lock (_lock)
                fresh = [.. _lines.Skip(next)];
            foreach (string line in fresh)
                if (Regex.Match(line, pattern) is { Success: true } match)
                    return match;
            next += fresh.Length;
            if (clock.Elapsed > timeout || (HasExited && fresh.Length == 0))
                throw new TimeoutException($"{Name}: no line matches '{pattern}' after {clock.Elapsed.TotalSeconds:F1} s{(HasExited ? $" (it ended with {ExitCode})" : "")}:\n{Tail(30)}");
            Thread.Sleep(10);
        }
    }

    /// <summary>The last lines that it printed.</summary>
    public string Tail(int count)
    {
        lock (_lock)
            return string.Join('\n', _lines.TakeLast(count));
    }

    /// <summary>All lines so far.</summary>
    public string[] Lines()
    {
        lock (_lock)
            return [.. _lines];
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, and the status it ends with.</summary>
    public int Terminate(TimeSpan timeout)
    {
        TryRun("kill", "-TERM", $"{_process.Id}");
        return WaitForExit(timeout);
    }

    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public int WaitForExit(TimeSpan timeout)
    {
        if (!_process.WaitForExit(timeout))
            throw new TimeoutException($"{Name} still runs after {timeout.TotalSeconds:F0} s:\n{Tail(30)}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        Kill();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_lock)
            _lines.Add(line.Data);
    }
}
