using System.Diagnostics;
using Keyhole.Contracts;

namespace Keyhole.Perf;

/// <summary>
/// Control with 10,000 clients, 1,000 resources and 100 sites: what it takes to apply such a network, to change it, and to reach 1,000 connected agents. The
/// agents live in this process and share the cores with the server.
/// </summary>
internal sealed class ControlSuite : Suite
{
    private const int ConnectorCount = 100;
    private const int ClientCount = 900;
    private const int AgentCount = 1 + ConnectorCount + ClientCount;
    private const int Repetitions = 30;

    internal override string Name => "control";

    internal override string Summary => "10,000 clients, 1,000 resources and 100 sites applied and changed; changes pushed to 1,000 connected agents";

    internal override IReadOnlyList<string> Keys =>
        ["apply_10k_ms", "plan_10k_ms", "restart_10k_ms", "connect_1000_ms", "push_some_p50_ms", "push_some_p99_ms", "push_all_p50_ms", "push_all_p99_ms", "push_all_cpu_ms", "crowd_cpu_ms", "view_part_p50_ms", "view_part_p99_ms", "rss_mb"];

    internal override void Run(Report report, string[] arguments)
    {
        string text = LargeNetwork.Text();
        using var control = new ControlProgram();
        report.Set("apply_10k_ms", control.Apply(text, planOnly: false).TotalMilliseconds);
        report.Set("plan_10k_ms", control.Apply(LargeNetwork.Text(portOfFirst: 8443), planOnly: true).TotalMilliseconds);
        report.Row(("step", "apply"), ("clients", LargeNetwork.ClientCount), ("resources", LargeNetwork.ResourceCount), ("sites", LargeNetwork.SiteCount), ("bytes", text.Length), ("rss_mb", control.ResidentMegabytes));
        report.Set("restart_10k_ms", control.Restart().TotalMilliseconds);
        var views = ViewSection.Measure(control, report);
        report.Set("view_part_p50_ms", Percentile(views, 50));
        report.Set("view_part_p99_ms", Percentile(views, 99));
        using var crowd = Connect(control, report);

        // A connector that drains: its relay, its site and the connected clients that reach something there are told.
        var some = Measure("some", control, crowd, report, index => crowd.Agents[1].Send(new StatusMessage(index % 2 == 0, 0, [])));
        report.Set("push_some_p50_ms", Percentile(some.Times, 50));
        report.Set("push_some_p99_ms", Percentile(some.Times, 99));

        // A relay that says how it is reached by TLS: everybody is told.
        var all = Measure("all", control, crowd, report, index => crowd.Agents[0].Hello(new TlsOffer(1000 + index, null)));
        if (all.Times.Count != Repetitions * AgentCount || control.ConfirmedCount != AgentCount)
            throw new InvalidOperationException($"{all.Times.Count} of {Repetitions * AgentCount} tables came, and {control.ConfirmedCount} of {AgentCount} agents were seen to confirm the last.");
        report.Set("push_all_p50_ms", Percentile(all.Times, 50));
        report.Set("push_all_p99_ms", Percentile(all.Times, 99));
        report.Set("push_all_cpu_ms", all.ControlTimes.Average());
        report.Set("crowd_cpu_ms", all.CrowdTimes.Average());
        report.Set("rss_mb", control.ResidentMegabytes);
    }

    private static AgentCrowd Connect(ControlProgram control, Report report)
    {
        var names = new List<(AgentKind Kind, string Name)> { (AgentKind.Relay, LargeNetwork.RelayName) };
        names.AddRange(Enumerable.Range(0, ConnectorCount).Select(index => (AgentKind.Connector, LargeNetwork.ConnectorName(index))));
        names.AddRange(Enumerable.Range(0, ClientCount).Select(index => (AgentKind.Machine, LargeNetwork.ClientName(index * (LargeNetwork.ClientCount / ClientCount)))));
        var clock = Stopwatch.StartNew();
        var credentials = names.ConvertAll(entry => control.MakeCredential(entry.Kind, entry.Name));
        report.Row(("step", "credentials"), ("count", names.Count), ("ms_each", clock.Elapsed.TotalMilliseconds / names.Count));
        clock.Restart();
        var crowd = AgentCrowd.ConnectAsync(control.Address, names, credentials).GetAwaiter().GetResult();
        report.Set("connect_1000_ms", clock.Elapsed.TotalMilliseconds);
        return crowd;
    }

    /// <returns>Milliseconds from each change to each agent that it reached; of the cores' time, what each change took of the server and of this process.</returns>
    private static (List<double> Times, List<double> ControlTimes, List<double> CrowdTimes) Measure(
        string what, ControlProgram control, AgentCrowd crowd, Report report, Action<int> change)
    {
        var measured = (Times: new List<double>(), ControlTimes: new List<double>(), CrowdTimes: new List<double>());
        for (int index = 0; index < Repetitions; index++)
        {
            // Control reads an agent that changes the network all the time a second late.
            Thread.Sleep(TimeSpan.FromSeconds(1.2));
            double server = control.ProcessorMilliseconds;
            double own = OwnProcessorMilliseconds;
            var times = crowd.FollowAsync(() => change(index)).GetAwaiter().GetResult();
            own = OwnProcessorMilliseconds - own;
            server = control.ProcessorMilliseconds - server;
            crowd.Check();
            measured.Times.AddRange(times);
            measured.ControlTimes.Add(server);
            measured.CrowdTimes.Add(own);
            report.Row(
                ("change", what), ("agents", times.Count), ("first_ms", times.Min()), ("p50_ms", Percentile(times, 50)), ("p99_ms", Percentile(times, 99)),
                ("control_cpu_ms", server), ("crowd_cpu_ms", own));
        }

        return measured;
    }

    /// <summary>The system counts in steps of 10 ms, which even out over many changes.</summary>
    private static double OwnProcessorMilliseconds => Environment.CpuUsage.TotalTime.TotalMilliseconds;

    private static double Percentile(List<double> values, int percent)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];
    }
}
