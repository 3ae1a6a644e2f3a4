namespace Keyhole.Client;

/// <summary>What the name server did. Counted by whoever serves, read by the status.</summary>
internal sealed class NameCounters
{
    private long _answered;
    private long _forwarded;
    private long _failed;
    private long _dropped;

    /// <summary>Queries for granted names, and malformed ones that got an error.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Queries that a server of before answered.</summary>
    public long Forwarded => Interlocked.Read(ref _forwarded);

    /// <summary>Queries that no server of before answered.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>What was no query, came from elsewhere, or was too much at once.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    public void CountAnswered() => Interlocked.Increment(ref _answered);

    public void CountForwarded() => Interlocked.Increment(ref _forwarded);

    public void CountFailed() => Interlocked.Increment(ref _failed);

    public void CountDropped() => Interlocked.Increment(ref _dropped);
}
