using System.Diagnostics;
using Keyhole.Contracts;

namespace Keyhole.Perf;

/// <summary>Many agents on one server, who follow their tables and note when each one came.</summary>
internal sealed class AgentCrowd : IDisposable
{
    private const int ConnectingAtOnce = 8;

    /// <summary>A change has reached everybody whom it concerns when nothing came for this long.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private AgentCrowd(IReadOnlyList<CrowdAgent> agents) => Agents = agents;

    internal IReadOnlyList<CrowdAgent> Agents { get; }

    internal static async Task<AgentCrowd> ConnectAsync(Uri server, IReadOnlyList<(AgentKind Kind, string Name)> names, IReadOnlyList<(string Id, string Secret)> credentials)
    {
        var agents = names.Select((entry, index) => new CrowdAgent(entry.Kind, credentials[index])).ToList();
        await Parallel.ForEachAsync(agents, new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce }, async (agent, _) => await agent.ConnectAsync(server));
        await Task.Delay(Quiet);
        return new AgentCrowd(agents);
    }

    /// <summary>Makes a change and waits until it has reached those whom it concerns.</summary>
    /// <returns>Milliseconds from the change to each agent that was told.</returns>
    /// <exception cref="TimeoutException">Nobody was told.</exception>
    internal async Task<List<double>> FollowAsync(Func<Task> change)
    {
        long start = Stopwatch.GetTimestamp();
        await change();
        int count;
        do
        {
            count = Agents.Count(agent => agent.ToldAt > start);
            await Task.Delay(Quiet);
            if (count == 0 && Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"no agent was told of a change within {Patience.TotalSeconds:F0} s: {Agents.Count(agent => !agent.IsConnected)} of {Agents.Count} have lost their connection");
        }
        while (count == 0 || count != Agents.Count(agent => agent.ToldAt > start));
        return [.. Agents.Where(agent => agent.ToldAt > start).Select(agent => Stopwatch.GetElapsedTime(start, agent.ToldAt).TotalMilliseconds)];
    }

    public void Dispose()
    {
        foreach (var agent in Agents)
            agent.Dispose();
    }
}
