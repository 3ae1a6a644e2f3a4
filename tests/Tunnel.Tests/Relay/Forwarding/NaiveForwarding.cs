using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

/// <summary>The rules of a <see cref="ForwardingTable"/> in the plainest words: lists and dictionaries, one thread.</summary>
internal sealed class NaiveForwarding(int capacity)
{
    private readonly Dictionary<int, IpEndpoint> _addresses = [];
    private readonly List<Session> _sessions = [];
    private readonly HashSet<(int From, uint Index)> _used = [];

    public int Count => 2 * _sessions.Count;

    public long NextExpiry => _sessions.Count == 0 ? long.MaxValue : _sessions.Min(session => session.Deadline);

    public int SetAddress(int slot, IpEndpoint? address)
    {
        int displaced = address is { } taken && _addresses.FirstOrDefault(pair => pair.Value == taken && pair.Key != slot) is { Value.Port: > 0 } pair ? pair.Key : -1;
        _addresses.Remove(displaced);
        if (address is { } confirmed)
            _addresses[slot] = confirmed;
        else
            _addresses.Remove(slot);
        return displaced;
    }

    public (bool Found, int From, int To, IpEndpoint Destination) Route(IpEndpoint source, uint index, long now, bool use = true)
    {
        int from = _addresses.FirstOrDefault(pair => pair.Value == source) is { Value.Port: > 0 } pair ? pair.Key : -1;
        foreach (var session in _sessions.Where(session => session.Deadline > now))
        {
            int to = session.Client == from && session.ConnectorIndex == index ? session.Connector
                : session.Connector == from && session.ClientIndex == index ? session.Client
                : -1;
            if (to < 0)
                continue;
            if (use)
                _used.Add((from, index));
            return (_addresses.TryGetValue(to, out var destination), from, to, destination);
        }

        return (false, from, -1, default);
    }

    public EntryResult AddPair(int client, int connector, uint clientIndex, uint connectorIndex, long now)
    {
        bool Clashes(Session session) =>
            (session.Client == client && session.ConnectorIndex == connectorIndex) || (session.Connector == connector && session.ClientIndex == clientIndex);
        bool IsOfPair(Session session) => session.Client == client && session.Connector == connector;
        if (_sessions.Exists(session => session.Deadline > now && Clashes(session) && !IsOfPair(session)))
            return EntryResult.OwnedByOther;
        if (_sessions.Exists(session => session.Deadline > now && IsOfPair(session) && session.ClientIndex == clientIndex && session.ConnectorIndex == connectorIndex))
            return EntryResult.Known;
        _sessions.RemoveAll(session => Clashes(session) && !IsOfPair(session));
        var pair = _sessions.Where(IsOfPair).ToList();
        if (pair.Count == ForwardingTable.SessionsPerPair)
        {
            _sessions.Remove(pair.Find(session => !IsUsed(session)) ?? pair[0]);
        }
        else if (_sessions.Count(session => session.Client == client) >= Math.Min(ForwardingTable.SessionsPerClient, 1 + (capacity / 2 - _sessions.Count) / 16))
        {
            if (_sessions.Find(session => session.Client == client && !IsUsed(session)) is not { } neverUsed)
                return EntryResult.AgentFull;
            _sessions.Remove(neverUsed);
        }

        if (Count >= capacity)
            return EntryResult.TableFull;
        Forget();
        _sessions.Add(new Session(client, connector, clientIndex, connectorIndex, now + ForwardingTable.EntryLifetime));
        return EntryResult.Added;
    }

    public void RemovePairs(int slot) => Forget(session => session.Client == slot || session.Connector == slot);

    public void RemovePairs(int client, int connector) => Forget(session => session.Client == client && session.Connector == connector);

    public void Expire(long now) => Forget(session => session.Deadline <= now);

    /// <summary>An entry that one session alone has tells whether it was used; one that a forged response made shares its index with the true one.</summary>
    private bool IsUsed(Session session) =>
        (_used.Contains((session.Client, session.ConnectorIndex)) && _sessions.Count(other => other.Client == session.Client && other.ConnectorIndex == session.ConnectorIndex) == 1)
        || (_used.Contains((session.Connector, session.ClientIndex)) && _sessions.Count(other => other.Connector == session.Connector && other.ClientIndex == session.ClientIndex) == 1);

    private void Forget(Predicate<Session>? which = null)
    {
        if (which is not null)
            _sessions.RemoveAll(which);
        _used.RemoveWhere(key => !_sessions.Exists(session =>
            key == (session.Client, session.ConnectorIndex) || key == (session.Connector, session.ClientIndex)));
    }

    private sealed record Session(int Client, int Connector, uint ClientIndex, uint ConnectorIndex, long Deadline);
}
