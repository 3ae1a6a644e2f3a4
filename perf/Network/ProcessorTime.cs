using System.Globalization;

namespace Keyhole.Perf;

/// <summary>
/// Processor time as the scheduler counts it, in nanoseconds: <c>/proc/PID/task/*/schedstat</c>, field 1. Softirqs that run on top of a task count as
/// its own, so the time of a sender through veth holds the receiving side of the link as well.
/// </summary>
internal static class ProcessorTime
{
    private const string SoftirqThread = "ksoftirqd/";

    private static readonly Dictionary<int, int> s_softirqThreads = FindSoftirqThreads();

    /// <summary>All threads of a process that are alive.</summary>
    internal static long Of(int process) => Directory.EnumerateDirectories($"/proc/{process}/task").Sum(OfTask);

    /// <summary>The threads of a process with this name.</summary>
    internal static long Of(int process, string thread) =>
        Directory.EnumerateDirectories($"/proc/{process}/task").Where(task => File.ReadAllText($"{task}/comm").TrimEnd() == thread).Sum(OfTask);

    /// <summary>The kernel's own softirq thread of a core, which takes over where there is too much to run on top of a task.</summary>
    internal static long OfSoftirqThread(int core) => s_softirqThreads.TryGetValue(core, out int id) ? OfTask($"/proc/{id}") : 0;

    private static long OfTask(string task) =>
        TryRead($"{task}/schedstat") is { } statistics ? long.Parse(statistics.Split(' ')[0], CultureInfo.InvariantCulture) : 0;

    private static Dictionary<int, int> FindSoftirqThreads()
    {
        var threads = new Dictionary<int, int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && TryRead($"{folder}/comm") is { } name
                && name.StartsWith(SoftirqThread, StringComparison.Ordinal))
                threads[int.Parse(name.AsSpan(SoftirqThread.Length), NumberStyles.Integer, CultureInfo.InvariantCulture)] = id;
        }

        return threads;
    }

    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            // It ended between the listing and the reading.
            return null;
        }
    }
}
