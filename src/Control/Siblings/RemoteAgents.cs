namespace Keyhole.Control;

/// <summary>The agents of one organisation that are connected to other servers.</summary>
internal sealed class RemoteAgents
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Agent, (string Server, SiblingAgent Seen)> _agents = [];

    public SiblingAgent? Find(Agent agent)
    {
        lock (_lock)
            return _agents.TryGetValue(agent, out var entry) ? entry.Seen : null;
    }

    public string? ServerOf(Agent agent)
    {
        lock (_lock)
            return _agents.TryGetValue(agent, out var entry) ? entry.Server : null;
    }

    /// <summary>Takes note of what a server says. That an agent is not with it any more counts only while nobody else has it.</summary>
    public void Take(string server, SiblingAgent seen)
    {
        lock (_lock)
        {
            bool known = _agents.TryGetValue(seen.Agent, out var present);
            if (seen.Connected ? !known || present.Server == server || seen.ConnectedAt >= present.Seen.ConnectedAt : known && present.Server == server)
            {
                if (seen.Connected)
                    _agents[seen.Agent] = (server, seen);
                else
                    _agents.Remove(seen.Agent);
            }
        }
    }

    /// <summary>A server has these agents and no others.</summary>
    public void Count(string server, Func<Agent, bool> has)
    {
        lock (_lock)
        {
            foreach (var agent in _agents.Where(entry => entry.Value.Server == server && !has(entry.Key)).Select(entry => entry.Key).ToList())
                _agents.Remove(agent);
        }
    }

    /// <summary>What each of them is known to follow.</summary>
    public IReadOnlyList<SiblingAgent> All()
    {
        lock (_lock)
            return [.. _agents.Values.Select(entry => entry.Seen)];
    }
}
