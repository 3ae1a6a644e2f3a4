namespace Keyhole.Control;

/// <summary>Wakes the ledger at the moment a client runs out.</summary>
internal sealed class ExpiryClock
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private readonly Ledger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ExpiryClock(Ledger ledger, TimeProvider time, ILogger log)
    {
        _ledger = ledger;
        _time = time;
        _log = log;
        ledger.Changed += OnChanged;
    }

    public async Task RunAsync(CancellationToken stopped)
    {
        while (!stopped.IsCancellationRequested)
        {
            var changed = Volatile.Read(ref _changed).Task;
            var left = Transitions.NextExpiry(_ledger.State) - _time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                try
                {
                    _ledger.Expire();
                }
                catch (OperatorException error)
                {
                    // The disk is full: the table stays as it is, and every minute is a new try.
                    _log.Refused(error.Message);
                    await WaitAsync(TimeSpan.FromMinutes(1), changed, stopped);
                }

                continue;
            }

            await WaitAsync(left is { } sleep && sleep < LongestSleep ? sleep : LongestSleep, changed, stopped);
        }
    }

    private async Task WaitAsync(TimeSpan sleep, Task changed, CancellationToken stopped)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(stopped);
        await Task.WhenAny(changed, Task.Delay(sleep, _time, woken.Token));
        await woken.CancelAsync();
    }

    private void OnChanged(CompiledNetwork before, CompiledNetwork after)
    {
        var expired = after.State.Peers.Where(peer => peer.Expired && before.State.Peers.Any(old => old.Id == peer.Id && !old.Expired)).Select(peer => peer.Name).ToList();
        if (expired.Count != 0)
            _log.Expired(after.State.Revision, string.Join(", ", expired));
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
