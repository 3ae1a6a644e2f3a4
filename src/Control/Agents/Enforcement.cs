namespace Keyhole.Control;

/// <summary>Follows one revision to every relay and connector whose table it changed.</summary>
internal sealed class Enforcement
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Dictionary<Agent, string> _names;
    private readonly Dictionary<Agent, (TimeSpan After, DateTimeOffset At, int FlowsCut)> _done = [];
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="names">The enforcers, with the names that people know them by.</param>
    /// <param name="revoked">What is taken away, in words; empty when nothing is.</param>
    public Enforcement(long revision, IReadOnlyDictionary<Agent, string> names, string revoked, TimeProvider time)
    {
        Revision = revision;
        Revoked = revoked;
        _names = new(names);
        _time = time;
        _startedAt = time.GetTimestamp();
    }

    public long Revision { get; }

    public string Revoked { get; }

    /// <summary>Another server made the change.</summary>
    public bool IsOthers { get; init; }

    public TimeSpan Elapsed => _time.GetElapsedTime(_startedAt);

    public bool IsComplete
    {
        get
        {
            lock (_lock)
                return _names.Keys.All(_done.ContainsKey);
        }
    }

    /// <summary>Takes note of a confirmation; false when it is not the first of an enforcer of this revision.</summary>
    /// <param name="revision">The newest revision whose rules the agent is known to follow.</param>
    public bool Confirm(Agent agent, long revision, int flowsCut)
    {
        lock (_lock)
        {
            if (revision < Revision || !_names.ContainsKey(agent) || !_done.TryAdd(agent, (Elapsed, _time.GetUtcNow(), flowsCut)))
                return false;
            Signal();
            return true;
        }
    }

    /// <summary>An agent that is no part of the network any more enforces nothing.</summary>
    public void Forget(Func<Agent, bool> exists)
    {
        lock (_lock)
        {
            foreach (var agent in _names.Keys.Where(agent => !exists(agent)).ToList())
                _names.Remove(agent);
            Signal();
        }
    }

    /// <summary>Waits until all enforcers that are connected have confirmed, at most for <paramref name="patience"/>.</summary>
    public async Task<EnforcementReport> WaitAsync(Func<Agent, bool> isConnected, TimeSpan patience)
    {
        while (true)
        {
            var (progress, missing) = Missing();
            var left = patience - Elapsed;
            if (left <= TimeSpan.Zero || !missing.Any(entry => isConnected(entry.Key)))
                return Report(isConnected);
            await Task.WhenAny(progress, Task.Delay(left, _time));
        }
    }

    private EnforcementReport Report(Func<Agent, bool> isConnected)
    {
        List<EnforcedBy> enforced;
        lock (_lock)
        {
            enforced = [.. _done.Where(entry => _names.ContainsKey(entry.Key)).OrderBy(entry => entry.Value.After)
                .Select(entry => new EnforcedBy(_names[entry.Key], entry.Value.At, (long)entry.Value.After.TotalMilliseconds, entry.Value.FlowsCut))];
        }

        // Outside of the lock: the question goes to the hub, which asks here under a lock of its own.
        var missing = Missing().Agents.Select(entry => new NotEnforcedBy(entry.Value, isConnected(entry.Key) ? "no answer yet" : "not connected"));
        return new EnforcementReport(enforced, [.. missing]);
    }

    private (Task Progress, List<KeyValuePair<Agent, string>> Agents) Missing()
    {
        lock (_lock)
            return (_progress.Task, [.. _names.Where(entry => !_done.ContainsKey(entry.Key))]);
    }

    private void Signal()
    {
        _progress.TrySetResult();
        _progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
