using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// Starts programs that stay on one core, so that what is measured and what loads it do not share one, and ahead of whatever else this machine does.
/// </summary>
internal static class Pinned
{
    private static readonly string[] s_priority = ["-n", "-15"];

    internal static LabProcess Start(Topology topology, NetworkNamespace host, int core, string program, params string[] arguments) =>
        Start(topology, host, $"{core}", null, program, arguments);

    /// <param name="cores">As <c>taskset -c</c> takes them.</param>
    internal static LabProcess Start(
        Topology topology, NetworkNamespace host, string cores, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments) =>
        topology.Start(host, environment, "nice", [.. s_priority, "taskset", "-c", cores, program, .. arguments]);

    /// <summary>Runs a program to its end and returns its standard output.</summary>
    internal static string Run(NetworkNamespace host, int core, string program, params string[] arguments) =>
        host.Run("nice", [.. s_priority, "taskset", "-c", $"{core}", program, .. arguments]);

    /// <summary>Moves every thread of a running process.</summary>
    internal static void Move(int process, string cores) => LabProcess.Run("taskset", "-a", "-c", "-p", cores, $"{process}");
}
