using System.Globalization;

namespace Keyhole.Control;

/// <summary>The connections of all agents: wakes them when the network changed, ends those whose credential is gone, follows confirmations.</summary>
internal sealed class AgentHub
{
    private const int MaximumEnforcements = 256;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SshBurst = TimeSpan.FromSeconds(8);
    private const string ReplacedText = "a newer connection with the same ID took over";

    private readonly Ledger _ledger;
    private readonly NetworkStore _store;
    private readonly Siblings _siblings;
    private readonly RemoteAgents _remote = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<Agent, AgentRecord> _records = [];
    private readonly List<Enforcement> _enforcements = [];
    private readonly Dictionary<int, DateTimeOffset> _sshContacts = [];
    private readonly Dictionary<(Agent Connector, int Resource), DateTimeOffset> _sshChanges = [];

    public AgentHub(Ledger ledger, NetworkStore store, Siblings siblings, TimeProvider time, ILogger log)
    {
        _store = store;
        _siblings = siblings;
        _ledger = ledger;
        _time = time;
        _log = log;
        ledger.Changed += OnChanged;
    }

    public string NameOf(Agent agent) => _ledger.Compiled.NameOf(agent);

    /// <summary>Whether it is connected, here or to another server.</summary>
    public bool IsConnected(Agent agent)
    {
        lock (_lock)
        {
            if (_records.TryGetValue(agent, out var record) && record.Link is not null)
                return true;
        }

        return _remote.Find(agent) is not null;
    }

    /// <summary>A copy of what is known of an agent.</summary>
    public AgentStatus StatusOf(Agent agent)
    {
        var remote = _remote.Find(agent);
        lock (_lock)
        {
            var record = _records.GetValueOrDefault(agent) ?? new AgentRecord();
            if (record.Link is null && remote is not null)
            {
                return new AgentStatus(true, remote.ConnectedAt, remote.Version, remote.AckedRevision == 0 ? null : remote.AckedRevision, remote.AckedAt,
                    remote.Follows == _ledger.State.Revision, remote.Path);
            }

            long current = _ledger.Compiled.TableOf(agent) is var table && record.Sent is { } sent && IsSame(sent, table) ? sent.Revision : table.Revision;
            return new AgentStatus(
                record.Link is not null, record.Link is null ? null : record.ConnectedAt, record.Version,
                record.AckedRevision == 0 ? null : record.AckedRevision, record.AckedAt, record.AckedRevision == current, record.Status);
        }
    }

    /// <summary>The sessions that an agent last reported; none of one that is not connected.</summary>
    public IReadOnlyList<SessionStatus> SessionsOf(Agent agent)
    {
        lock (_lock)
            return _records.TryGetValue(agent, out var record) && record.Link is not null ? record.Status?.Sessions ?? [] : [];
    }

    /// <summary>What relays have told of the sessions with one key: of several the one with the newest handshake.</summary>
    public (Agent Relay, bool IsConnected, SessionStatus Session)? FindSession(string publicKey)
    {
        var remote = _remote.All().Where(seen => seen.Agent.Kind == AgentKind.Relay)
            .Select(seen => (Relay: seen.Agent, IsConnected: true, Session: seen.Path?.Sessions.FirstOrDefault(session => session.PublicKey == publicKey)));
        lock (_lock)
        {
            var here = _records.Where(record => record.Key.Kind == AgentKind.Relay)
                .Select(record => (Relay: record.Key, IsConnected: record.Value.Link is not null, Session: record.Value.Sessions.GetValueOrDefault(publicKey)));
            var (relay, isConnected, session) = here.Concat(remote).OrderByDescending(found => found.Session?.LastHandshakeAt ?? long.MinValue).ThenByDescending(found => found.IsConnected)
                .FirstOrDefault(found => found.Session is not null);
            return session is null ? null : (relay, isConnected, session);
        }
    }

    /// <summary>The link counts from now on; an older one of the same agent ends.</summary>
    /// <param name="held">The revision that the agent holds.</param>
    /// <returns>The table to start from, where the agent is known to hold it; else null, and it needs a snapshot.</returns>
    public Table? Attach(AgentLink link, string version, long held)
    {
        AgentLink? older;
        Table? start;
        lock (_lock)
        {
            var record = RecordOf(link.Agent);
            older = ReferenceEquals(record.Link, link) ? null : record.Link;
            if (record.Link != link)
                record.ConnectedAt = _time.GetUtcNow();
            record.Link = link;
            record.Version = version;
            start = record.Holds(held) ? record.Sent : null;
            // Another table than the one that it confirmed, or none: it follows nothing until it says so.
            if (record.AckedRevision != held)
                (record.AckedRevision, record.AckedAt, record.Follows) = (0, null, 0);
        }

        older?.Refuse(RefusalReason.Replaced, ReplacedText);
        Tell(link.Agent);
        return start;
    }

    /// <summary>Whether the agent is known to hold the table that it was sent last, and this is its revision.</summary>
    public bool Holds(AgentLink link, long revision)
    {
        lock (_lock)
            return _records.TryGetValue(link.Agent, out var record) && record.Link == link && record.Holds(revision);
    }

    public void Detach(AgentLink link)
    {
        lock (_lock)
        {
            if (!_records.TryGetValue(link.Agent, out var record) || record.Link != link)
                return;
            record.Link = null;
        }

        Tell(link.Agent);
    }

    /// <summary>
    /// Takes a place for a change that an agent asks for. Each is a row of the audit log and a new table for others: one a second and agent,
    /// over whatever connections.
    /// </summary>
    /// <returns>How long to wait before it; null when too many wait already.</returns>
    public TimeSpan? Reserve(Agent agent)
    {
        lock (_lock)
        {
            var record = RecordOf(agent);
            if (PlaceAt(record.NextChangeAt, TimeSpan.Zero) is not var (wait, next))
                return null;
            record.NextChangeAt = next;
            return wait;
        }
    }

    /// <summary>As <see cref="Reserve"/>, for what a connector tells of one host: some at once, as a host has when it starts, then one a second.</summary>
    public TimeSpan? ReserveSsh(Agent agent, int resource)
    {
        lock (_lock)
        {
            if (PlaceAt(_sshChanges.GetValueOrDefault((agent, resource)), SshBurst) is not var (wait, next))
                return null;
            _sshChanges[(agent, resource)] = next;
            return wait;
        }
    }

    /// <param name="taken">The place behind the last that was given; any time before now for none.</param>
    /// <param name="burst">How far places may lie ahead before anybody waits.</param>
    /// <returns>How long to wait, and the place that is next then; null when that is too long.</returns>
    private (TimeSpan Wait, DateTimeOffset Next)? PlaceAt(DateTimeOffset taken, TimeSpan burst)
    {
        var now = _time.GetUtcNow();
        var at = taken > now ? taken : now;
        var wait = at - now > burst ? at - now - burst : TimeSpan.Zero;
        return wait > LongestPace ? null : (wait, at + Pace);
    }

    /// <summary>Whether the network would be another one after the message.</summary>
    public bool Changes(AgentLink link, SshHostMessage message) => !ReferenceEquals(Note(_ledger.State, link, message, _time.GetUtcNow()), _ledger.State);

    public void NoteSent(AgentLink link, Table table)
    {
        lock (_lock)
        {
            var record = RecordOf(link.Agent);
            if (record.Link == link)
                record.Sent = table;
        }
    }

    public void NoteStatus(AgentLink link, StatusMessage status)
    {
        var state = _ledger.State;
        var keys = new Lazy<HashSet<string?>>(() => [.. state.Peers.Select(peer => peer.PublicKey), .. state.Relays.Select(relay => relay.PublicKey)]);
        lock (_lock)
        {
            var record = RecordOf(link.Agent);
            if (record.Link != link)
                return;
            record.Take(status, state.Peers.Count + state.Relays.Count, key => keys.Value.Contains(key));
        }

        Tell(link.Agent);
        if (link.Agent.Kind == AgentKind.Connector && _ledger.Compiled.IsDraining(link.Agent) != status.Draining)
        {
            _ledger.Change(
                state => Transitions.Drain(state, link.Agent, status.Draining),
                (_, _) => new AuditEntry(link.Actor, "drain", NameOf(link.Agent), status.Draining ? "off" : "on", status.Draining ? "on" : "off"));
        }
    }

    public void NoteSshHost(AgentLink link, SshHostMessage message)
    {
        var now = _time.GetUtcNow();
        // What is kept is kept for hosts that there are, whatever a connector makes up.
        if (_ledger.State.Ssh.FindHost(message.Resource) is not null)
        {
            lock (_lock)
                _sshContacts[message.Resource] = now;
        }

        // Most of what is told when a connection opens is known: that needs no database.
        if (!Changes(link, message))
            return;
        var (before, after) = _ledger.Change(state => Note(state, link, message, now), (from, to) => SshText.Audit(link.Actor, from, to, message.Resource));
        if (before != after && after.State.Ssh.FindHost(message.Resource) is { Error: { } error } host && before.State.Ssh.FindHost(message.Resource)?.Error != error)
            _log.SshHostUnusable(SshText.NameOf(after.State, host.Resource), NameOf(link.Agent), error);
    }

    private NetworkState Note(NetworkState state, AgentLink link, SshHostMessage message, DateTimeOffset now) =>
        SshHosts.Note(state, link.Agent.Id, message, connector => IsConnected(new Agent(AgentKind.Connector, connector)), now);

    /// <summary>When a connector last told of a host, as far as this process knows.</summary>
    public DateTimeOffset? SshContactOf(int resource)
    {
        lock (_lock)
            return _sshContacts.TryGetValue(resource, out var at) ? at : null;
    }

    /// <summary>The connection of an agent to this server; null where there is none.</summary>
    public AgentLink? LinkOf(Agent agent)
    {
        lock (_lock)
            return _records.GetValueOrDefault(agent)?.Link;
    }

    /// <summary>The other server that an agent is connected to; null where there is none.</summary>
    public string? ServerOf(Agent agent) => _remote.ServerOf(agent);

    public void NoteAck(AgentLink link, AckMessage ack)
    {
        List<Enforcement> confirmed;
        lock (_lock)
        {
            var record = RecordOf(link.Agent);
            // An agent cannot have been faster than what it was sent.
            if (record.Link != link || record.Sent is null || ack.Revision > record.Sent.Revision)
                return;
            record.AckedRevision = ack.Revision;
            record.AckedAt = _time.GetUtcNow();
            record.FlowsCut = ack.FlowsCut;
            confirmed = Confirm(link.Agent, record);
        }

        Tell(link.Agent);
        Log(link.Agent, confirmed, ack.FlowsCut);
    }

    /// <summary>The network went on, but the table that the agent was sent is still the right one.</summary>
    public void NoteUnchanged(AgentLink link)
    {
        List<Enforcement> confirmed;
        lock (_lock)
        {
            var record = RecordOf(link.Agent);
            record.FlowsCut = 0;
            confirmed = Confirm(link.Agent, record);
        }

        Tell(link.Agent);
        Log(link.Agent, confirmed, flowsCut: 0);
    }

    /// <summary>What another server says of an agent.</summary>
    public void TakeRemote(string server, SiblingAgent seen)
    {
        _remote.Take(server, seen);
        AgentLink? older = null;
        List<Enforcement> confirmed;
        lock (_lock)
        {
            if (seen.Connected && _records.TryGetValue(seen.Agent, out var record) && record.ConnectedAt < seen.ConnectedAt)
                older = record.Link;
            confirmed = [.. _enforcements.Where(enforcement => enforcement.Confirm(seen.Agent, seen.Follows, seen.FlowsCut))];
        }

        older?.Refuse(RefusalReason.Replaced, ReplacedText);
        Log(seen.Agent, confirmed, seen.FlowsCut);
    }

    /// <summary>Another server has these agents and no others, which are nowhere until they turn up again.</summary>
    public void CountRemote(string server, IReadOnlySet<(int Organisation, Agent Agent)> agents) => _remote.Count(server, agent => agents.Contains((_ledger.Organisation, agent)));

    /// <summary>Everything that other servers should know.</summary>
    public IReadOnlyList<SiblingAgent> Local()
    {
        lock (_lock)
            return [.. _records.Where(entry => entry.Value.Link is not null).Select(entry => Describe(entry.Key, entry.Value))];
    }

    /// <summary>The enforcement of a revision; null when no enforcer is concerned.</summary>
    public Enforcement? FindEnforcement(long revision)
    {
        lock (_lock)
            return _enforcements.Find(enforcement => enforcement.Revision == revision);
    }

    /// <summary>Ends all connections: the program stops.</summary>
    public void StopAll()
    {
        foreach (var link in Links())
            link.Stop();
    }

    /// <summary>Ends all connections: there is nothing to be told any more.</summary>
    public void RefuseAll(string text)
    {
        foreach (var link in Links())
            link.Refuse(RefusalReason.Revoked, text);
    }

    /// <summary>Whether two tables say the same, whatever their revisions.</summary>
    public static bool IsSame(Table left, Table right) => ReferenceEquals(left, right) || (left with { Revision = right.Revision }).Equals(right);

    private void OnChanged(CompiledNetwork before, CompiledNetwork after)
    {
        var forgotten = KeysForgotten(before, after);
        if (after.State.Revision != before.State.Revision)
            Follow(before, after, forgotten);
        foreach (var link in Links())
        {
            if (after.FindCredential(link.Credential.Id)?.Hash != link.Credential.Hash)
                link.Refuse(RefusalReason.Revoked, "the secret was replaced, or the agent is no part of the network any more");
            else if (forgotten.Contains(link.Agent))
                link.Stop("its key was replaced by one that is over: it tells its own again");
            else
                link.Wake();
        }
    }

    /// <summary>The agents whose key went with a credential (<see cref="Transitions.Revoke"/>).</summary>
    private static List<Agent> KeysForgotten(CompiledNetwork before, CompiledNetwork after) => ReferenceEquals(before.State.Credentials, after.State.Credentials) ? []
        : [.. before.State.AgentsWithReportedKey.Except(after.State.AgentsWithReportedKey).Where(after.Exists)];

    private void Follow(CompiledNetwork before, CompiledNetwork after, List<Agent> forgotten)
    {
        var access = AccessComparison.Between(before.State, before.Access, after.State, after.Access);
        var names = new Dictionary<Agent, string>();
        foreach (var agent in after.Enforcers)
        {
            if (!IsSame(before.TableOf(agent), after.TableOf(agent)))
                names.Add(agent, after.NameOf(agent));
        }

        string revoked = string.Join("; ", new[] { AccessComparison.RevocationsToText(access), AccessComparison.Shortened([.. forgotten.Select(agent => $"the public key of {after.NameOf(agent)}")]) }.Where(text => text.Length != 0));
        if (revoked.Length != 0)
            _log.Revoking(after.State.Revision, revoked);
        lock (_lock)
        {
            var exists = after.Enforcers.ToHashSet();
            foreach (var enforcement in _enforcements)
                enforcement.Forget(exists.Contains);
            foreach (var gone in _records.Keys.Where(agent => !after.Exists(agent) && _records[agent].Link is null).ToList())
                _records.Remove(gone);
            if (names.Count == 0)
                return;
            if (_enforcements.Count == MaximumEnforcements)
                _enforcements.RemoveAt(Math.Max(0, _enforcements.FindIndex(enforcement => enforcement.IsComplete)));
            var followed = new Enforcement(after.State.Revision, names, revoked, _time) { IsOthers = _ledger.IsFollowing };
            _enforcements.Add(followed);
            // Another server may have heard the confirmation before this one has heard of the change.
            foreach (var seen in _remote.All())
                followed.Confirm(seen.Agent, seen.Follows, seen.FlowsCut);
        }
    }

    /// <summary>An agent that follows the newest of its tables follows the whole network, whatever that table's revision.</summary>
    private List<Enforcement> Confirm(Agent agent, AgentRecord record)
    {
        // What it followed before is confirmed: up to that revision itself, whose enforcement may have begun a moment later.
        long known = record.Follows;
        record.Follows = Follows(agent, record);
        return agent.Kind is AgentKind.Relay or AgentKind.Connector
            ? [.. _enforcements.Where(enforcement => enforcement.Revision >= known && enforcement.Confirm(agent, record.Follows, record.FlowsCut))]
            : [];
    }

    private long Follows(Agent agent, AgentRecord record)
    {
        var compiled = _ledger.Compiled;
        bool newest = record.Sent is { } sent && record.AckedRevision == sent.Revision && IsSame(sent, compiled.TableOf(agent));
        return newest ? compiled.State.Revision : record.AckedRevision;
    }

    private void Tell(Agent agent)
    {
        SiblingAgent news;
        lock (_lock)
            news = Describe(agent, RecordOf(agent));
        _siblings.Tell(news);
    }

    private SiblingAgent Describe(Agent agent, AgentRecord record) => new(
        _ledger.Organisation, agent.Kind, agent.Id, record.Link is not null, record.ConnectedAt ?? default, record.Version,
        record.AckedRevision, record.AckedAt, record.Follows, record.FlowsCut, record.Status);

    private void Log(Agent agent, List<Enforcement> confirmed, int flowsCut)
    {
        foreach (var enforcement in confirmed.Where(enforcement => enforcement.Revoked.Length != 0))
        {
            long milliseconds = (long)enforcement.Elapsed.TotalMilliseconds;
            _log.Enforced(enforcement.Revision, NameOf(agent), enforcement.Revoked, milliseconds, flowsCut);
            if (!enforcement.IsComplete)
                continue;
            _log.EnforcedEverywhere(enforcement.Revision, enforcement.Revoked, milliseconds);
            // One of the servers writes it down: the one that made the change.
            if (!enforcement.IsOthers)
                Record(enforcement, milliseconds);
        }
    }

    private void Record(Enforcement enforcement, long milliseconds)
    {
        try
        {
            string after = string.Create(CultureInfo.InvariantCulture, $"everywhere after {milliseconds} ms");
            var entry = new AuditEntry(Actor.Time, "enforce", $"revision {enforcement.Revision}: {enforcement.Revoked}", Before: null, after);
            _store.Database.Write((connection, transaction) => _store.Audit.Append(connection, transaction, _ledger.Organisation, entry, enforcement.Revision));
        }
        catch (OperatorException error)
        {
            _log.Refused(error.Message);
        }
    }

    private List<AgentLink> Links()
    {
        lock (_lock)
            return [.. _records.Values.Select(record => record.Link).OfType<AgentLink>()];
    }

    private AgentRecord RecordOf(Agent agent)
    {
        if (!_records.TryGetValue(agent, out var record))
            _records.Add(agent, record = new AgentRecord());
        return record;
    }
}
