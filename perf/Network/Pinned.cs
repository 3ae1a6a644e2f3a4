using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// Keeps programs on one core, so that what is measured and what loads it do not share one, and puts them ahead of whatever else this machine does: by
/// the real-time scheduler, since nice values do not reach beyond a session's group.
/// </summary>
internal static class Pinned
{
    private const string Ahead = "1";

    internal static LabProcess Start(Topology topology, NetworkNamespace host, int core, string program, params string[] arguments) =>
        Start(topology, host, $"{core}", null, program, arguments);

    /// <param name="cores">As <c>taskset -c</c> takes them.</param>
    internal static LabProcess Start(
        Topology topology, NetworkNamespace host, string cores, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments) =>
        topology.Start(host, environment, "taskset", ["-c", cores, program, .. arguments]);

    /// <summary>Runs a load generator to its end, ahead of others, and returns its standard output.</summary>
    internal static string Run(NetworkNamespace host, int core, string program, params string[] arguments) =>
        host.Run("chrt", ["-r", Ahead, "taskset", "-c", $"{core}", program, .. arguments]);

    /// <summary>Moves every thread of a running process.</summary>
    internal static void Move(int process, string cores) => LabProcess.Run("taskset", "-a", "-c", "-p", cores, $"{process}");

    /// <summary>Puts every thread of a running process ahead of others, or back among them.</summary>
    internal static void Prefer(int process, bool isAhead) => LabProcess.Run("chrt", isAhead ? ["-r", "-a", "-p", Ahead, $"{process}"] : ["-o", "-a", "-p", "0", $"{process}"]);
}
