namespace Keyhole.Perf;

/// <summary>Name → suite. A new suite is one line in <see cref="s_suites"/>.</summary>
internal static class Commands
{
    private static readonly IReadOnlyList<Suite> s_suites =
    [
        new AeadSuite(),
        new RelaySuite(),
        new ScaleSuite(),
        new ConnectorSuite(),
        new TunnelSuite(),
        new ControlSuite(),
    ];

    internal static int List()
    {
        Console.WriteLine("usage: ./bench NAME");
        foreach (var suite in s_suites)
            Console.WriteLine($"  {suite.Name,-10} {suite.Summary}");
        Console.WriteLine($"  {"all",-10} every suite, one after the other");
        Console.WriteLine($"  {"micro",-10} BenchmarkDotNet per symbol of the packet path; add a filter such as '*Aead*'");
        return 0;
    }

    internal static int Run(string name, string[] arguments)
    {
        var suite = s_suites.FirstOrDefault(suite => suite.Name == name);
        if (suite is null)
        {
            Console.Error.WriteLine($"No benchmark '{name}': {string.Join(", ", s_suites.Select(suite => suite.Name).Concat(["all", "micro"]))}.");
            return 2;
        }
        var report = new Report(Console.Out);
        int status = 0;
        try
        {
            suite.Run(report, arguments);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or IOException)
        {
            // What was measured so far still counts; the rest is null.
            report.Note($"{name} ended early: {e.Message}");
            status = 1;
        }

        report.Finish(suite.Keys);
        return status;
    }

    internal static int RunAll() => s_suites.Max(suite => Run(suite.Name, []));
}
