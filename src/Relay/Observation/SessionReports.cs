using Keyhole.Contracts;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>
/// What Control is told of sessions: first those that changed, longest untold first, and in the room that is left the others in turn, so that a Control that
/// has forgotten everything learns it again. One caller at a time.
/// </summary>
internal sealed class SessionReports(int most = StatusMessage.MaximumSessions)
{
    private Dictionary<int, Told> _told = [];
    private long _turn;

    /// <param name="unixAtZero">Unix microseconds at the zero of the monotonic clock.</param>
    public StatusMessage Make(RelaySnapshot snapshot, long unixAtZero)
    {
        _turn++;
        var agents = snapshot.Agents.Where(agent => agent.LastHandshakeAt.HasValue).ToList();
        var chosen = agents
            .Select(agent => (Agent: agent, Told: _told.GetValueOrDefault(agent.Id)))
            .OrderByDescending(entry => entry.Told.Status != entry.Agent)
            .ThenBy(entry => entry.Told.Turn)
            .Take(most)
            .Select(entry => entry.Agent)
            .ToList();
        var told = new Dictionary<int, Told>(agents.Count);
        foreach (var agent in agents)
        {
            if (_told.TryGetValue(agent.Id, out var before))
                told[agent.Id] = before;
        }

        foreach (var agent in chosen)
            told[agent.Id] = new Told(agent, _turn);
        _told = told;
        return new StatusMessage(Draining: false, snapshot.FlowCount, [.. chosen.OrderBy(agent => agent.Id).Select(agent => StatusOf(agent, unixAtZero))]);
    }

    private static SessionStatus StatusOf(RelayAgentStatus agent, long unixAtZero) => new(
        agent.PublicKey,
        agent.IsLive,
        agent.Address?.ToString(),
        (agent.LastHandshakeAt + unixAtZero) / 1000,
        agent.ReceivedBytes,
        agent.SentBytes,
        agent.Contest is { } contest ? new SessionContest(contest.First.ToString(), contest.Second.ToString(), (contest.At + unixAtZero) / 1000) : null);

    /// <param name="Turn">0 for never.</param>
    private readonly record struct Told(RelayAgentStatus? Status, long Turn);
}
