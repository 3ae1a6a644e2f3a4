using System.Diagnostics;

namespace Keyhole.Fuzz;

/// <summary>Starts a worker, and when that crashes or hangs, keeps the input that it was running.</summary>
internal static class Supervisor
{
    private const int PollMilliseconds = 100;

    /// <summary>An input that runs longer than this hangs; KEYHOLE_FUZZ_HANG_SECONDS overrides.</summary>
    private static readonly TimeSpan HangTime = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("KEYHOLE_FUZZ_HANG_SECONDS"), out int seconds) ? seconds : 20);

    /// <returns>True when nothing broke.</returns>
    internal static bool Run(IFuzzTarget target, int seconds, int seed)
    {
        Directory.CreateDirectory(Findings.Folder);
        string currentPath = Path.Combine(Findings.Folder, $"{target.Name}-{Environment.ProcessId}.current");
        try
        {
            using var current = new CurrentInput(currentPath, target.MaximumLength);
            using var worker = Start(target, seconds, seed, currentPath);
            if (!Watch(worker, current))
            {
                Findings.Write(target, current.Read(), $"hang: an input ran longer than {HangTime.TotalSeconds:F0} s", seed);
                return false;
            }

            if (worker.ExitCode is 0 or 1)
                return worker.ExitCode == 0;
            Findings.Write(target, current.Read(), $"crash: the process ended with status {worker.ExitCode}", seed);
            return false;
        }
        finally
        {
            File.Delete(currentPath);
        }
    }

    private static Process Start(IFuzzTarget target, int seconds, int seed, string currentPath)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Keyhole.Fuzz.dll");
        var start = new ProcessStartInfo("dotnet", [program, "work", target.Name, $"{seconds}", $"{seed}", currentPath]);
        // A crash is expected here; its dump is not.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return Process.Start(start)!;
    }

    /// <returns>False when the worker was killed since an input did not end.</returns>
    private static bool Watch(Process worker, CurrentInput current)
    {
        var clock = Stopwatch.StartNew();
        for (long last = current.Count; !worker.WaitForExit(PollMilliseconds);)
        {
            if (current.Count != last || last == 0)
            {
                last = current.Count;
                clock.Restart();
            }
            else if (clock.Elapsed > HangTime)
            {
                worker.Kill();
                worker.WaitForExit();
                return false;
            }
        }

        return true;
    }
}
