using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>The programs of perf/baselines, compiled on this machine.</summary>
internal static class Baselines
{
    private static readonly string[] s_shared = ["net.c", "table.c", "burst.c"];

    internal static string ForwardBatch { get; } = Compile("forward_batch");

    internal static string ForwardSingle { get; } = Compile("forward_single");

    internal static string Flood { get; } = Compile("flood");

    internal static string Probe { get; } = Compile("probe");

    private static string Compile(string name)
    {
        string sources = Path.Combine(Binaries.Root, "perf", "baselines"), output = Path.Combine(Binaries.Root, "out", "baselines");
        Directory.CreateDirectory(output);
        string program = Path.Combine(output, name);
        LabProcess.Run("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", program, Path.Combine(sources, $"{name}.c"), .. s_shared.Select(file => Path.Combine(sources, file))]);
        return program;
    }
}
