using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Keyhole.Perf;

/// <summary>BenchmarkDotNet over every public class of this assembly with benchmarks; a benchmark that allocates makes the run fail.</summary>
internal static class MicroBenchmarks
{
    internal static int Run(string[] filters)
    {
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly)
            .Run(filters is [] ? ["--filter", "*"] : ["--filter", .. filters], Config());
        var allocating = summaries.SelectMany(summary => summary.Reports)
            .Where(report => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) is > 0)
            .Select(report => report.BenchmarkCase.DisplayInfo).ToList();
        foreach (string name in allocating)
            Console.Error.WriteLine($"allocates: {name}");
        return allocating.Count == 0 && summaries.Any() ? 0 : 1;
    }

    /// <summary>In this process, because BenchmarkDotNet 0.14 cannot build for .NET 10.</summary>
    private static ManualConfig Config() => ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance))
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddExporter(MarkdownExporter.GitHub)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .WithArtifactsPath("out/benchmarks")
        .WithOptions(ConfigOptions.DisableOptimizationsValidator);
}
