using System.Globalization;

namespace Keyhole.Perf;

/// <summary>
/// Processor time as the scheduler counts it, in nanoseconds: <c>/proc/PID/task/*/schedstat</c>, field 1. Softirqs that run on top of a task count as
/// its own, so the time of a sender through veth holds the receiving side of the link as well.
/// </summary>
internal static class ProcessorTime
{
    private static readonly int[] s_softirqThreads = [.. FindSoftirqThreads()];

    /// <summary>All threads of a process that are alive.</summary>
    internal static long Of(int process) => Directory.EnumerateDirectories($"/proc/{process}/task").Sum(OfTask);

    /// <summary>The threads of a process with this name.</summary>
    internal static long Of(int process, string thread) =>
        Directory.EnumerateDirectories($"/proc/{process}/task").Where(task => File.ReadAllText($"{task}/comm").TrimEnd() == thread).Sum(OfTask);

    /// <summary>The kernel's own softirq threads, which take over where a core gets too much to run on top of a task.</summary>
    internal static long OfSoftirqThreads() => s_softirqThreads.Sum(id => OfTask($"/proc/{id}"));

    private static long OfTask(string task)
    {
        try
        {
            return long.Parse(File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // The thread ended between the listing and the reading.
            return 0;
        }
    }

    private static IEnumerable<int> FindSoftirqThreads()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                continue;
            string name;
            try
            {
                name = File.ReadAllText($"{folder}/comm");
            }
            catch (IOException)
            {
                continue;
            }

            if (name.StartsWith("ksoftirqd/", StringComparison.Ordinal))
                yield return id;
        }
    }
}
