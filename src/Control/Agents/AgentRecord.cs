namespace Keyhole.Control;

/// <summary>What is known of an agent since this process started; kept when its connection goes. Guarded by its hub's lock.</summary>
internal sealed class AgentRecord
{
    /// <summary>The connection that counts; null while there is none.</summary>
    public AgentLink? Link { get; set; }

    public DateTimeOffset? ConnectedAt { get; set; }

    public string? Version { get; set; }

    /// <summary>From when on the agent may change the network again, by its key, its TLS offer or its draining.</summary>
    public DateTimeOffset NextChangeAt { get; set; }

    /// <summary>The last table that was sent: the start of the next delta, also for the next connection.</summary>
    public Table? Sent { get; set; }

    /// <summary>The newest revision that the agent's data path follows; 0 while none was confirmed, and when it comes again without the table.</summary>
    public long AckedRevision { get; set; }

    /// <summary>When the confirmation arrived here.</summary>
    public DateTimeOffset? AckedAt { get; set; }

    /// <summary>The network's revision that it is known to follow: the confirmed table may still be the right one for a newer one.</summary>
    public long Follows { get; set; }

    /// <summary>Live flows that it ended with its last confirmation.</summary>
    public int FlowsCut { get; set; }

    /// <summary>The last status that the agent's data path gave, with all sessions that it has told of.</summary>
    public StatusMessage? Status { get; private set; }

    /// <summary>By the public key of the other end.</summary>
    public Dictionary<string, SessionStatus> Sessions { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the table that was sent last has this revision and was confirmed.</summary>
    public bool Holds(long revision) => revision != 0 && Sent?.Revision == revision && AckedRevision == revision;

    /// <summary>Takes the next status: a message with room left tells of all sessions, one without of a part.</summary>
    /// <param name="isPeer">Whether somebody has this public key; asked when more sessions are known than there can be.</param>
    public void Take(StatusMessage status, int most, Func<string, bool> isPeer)
    {
        if (status.Sessions.Count < StatusMessage.MaximumSessions)
            Sessions.Clear();
        foreach (var session in status.Sessions)
            Sessions[session.PublicKey] = session;
        if (Sessions.Count > most)
        {
            foreach (string gone in Sessions.Keys.Where(key => !isPeer(key)).ToList())
                Sessions.Remove(gone);
        }

        Status = status with { Sessions = [.. Sessions.Values] };
    }
}
