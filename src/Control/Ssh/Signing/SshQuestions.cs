namespace Keyhole.Control;

/// <summary>The orders of one connection that wait for their answers.</summary>
internal sealed class SshQuestions
{
    private const int MaximumOpen = 64;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<long, (SshProvisionMessage? Unsent, TaskCompletionSource<SshOutcome> Answer)> _open = [];
    private long _last;
    private bool _over;

    public async Task<SshOutcome> AskAsync(int resource, SshAccountOrder order, TimeSpan patience, TimeProvider time, CancellationToken cancelled)
    {
        var answer = new TaskCompletionSource<SshOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        long request;
        lock (_lock)
        {
            if (_over || _open.Count == MaximumOpen)
                return new SshOutcome(SshOutcomeKind.NotSent);
            request = ++_last;
            _open.Add(request, (new SshProvisionMessage(request, resource, order), answer));
        }

        try
        {
            return await answer.Task.WaitAsync(patience, time, cancelled);
        }
        catch (TimeoutException)
        {
            return new SshOutcome(SshOutcomeKind.Late);
        }
        finally
        {
            lock (_lock)
                _open.Remove(request);
        }
    }

    /// <summary>The next order to send; null where nobody waits for one.</summary>
    public SshProvisionMessage? Next()
    {
        lock (_lock)
        {
            if (_open.Values.FirstOrDefault(question => question.Unsent is not null).Unsent is not { } message)
                return null;
            _open[message.Request] = (null, _open[message.Request].Answer);
            return message;
        }
    }

    /// <summary>An answer that nobody waits for any more says nothing.</summary>
    public void Answer(SshProvisionedMessage message)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(message.Request, out var question) && question.Unsent is null)
                question.Answer.TrySetResult(new SshOutcome(SshOutcomeKind.Answered, message.Account, message.Error));
        }
    }

    /// <summary>The connection is over.</summary>
    public void End()
    {
        lock (_lock)
        {
            _over = true;
            foreach (var (unsent, answer) in _open.Values)
                answer.TrySetResult(new SshOutcome(unsent is null ? SshOutcomeKind.Lost : SshOutcomeKind.NotSent));
        }
    }
}
