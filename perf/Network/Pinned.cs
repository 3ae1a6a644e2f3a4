using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>Starts programs that stay on one core, so that what is measured and what loads it do not share one.</summary>
internal static class Pinned
{
    internal static LabProcess Start(Topology topology, NetworkNamespace host, int core, string program, params string[] arguments) =>
        Start(topology, host, $"{core}", null, program, arguments);

    /// <param name="cores">As <c>taskset -c</c> takes them.</param>
    internal static LabProcess Start(
        Topology topology, NetworkNamespace host, string cores, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments) =>
        topology.Start(host, environment, "taskset", ["-c", cores, program, .. arguments]);

    /// <summary>Moves every thread of a running process.</summary>
    internal static void Move(int process, int core) => LabProcess.Run("taskset", "-a", "-c", "-p", $"{core}", $"{process}");
}
