namespace Keyhole.Control;

/// <summary>The orders of one connection that wait for their answers.</summary>
internal sealed class SshQuestions
{
    private const int MaximumOpen = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, (TaskCompletionSource<SshOutcome> Answer, bool Sent)> _open = [];
    private readonly Queue<SshProvisionMessage> _unsent = [];
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
            _open.Add(request, (answer, false));
            _unsent.Enqueue(new SshProvisionMessage(request, resource, order));
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
            while (_unsent.TryDequeue(out var message))
            {
                if (!_open.TryGetValue(message.Request, out var question))
                    continue;
                _open[message.Request] = (question.Answer, true);
                return message;
            }

            return null;
        }
    }

    /// <summary>An answer that nobody waits for any more says nothing.</summary>
    public void Answer(SshProvisionedMessage message)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(message.Request, out var question) && question.Sent)
                question.Answer.TrySetResult(new SshOutcome(SshOutcomeKind.Answered, message.Account, message.Error));
        }
    }

    /// <summary>The connection is over.</summary>
    public void End()
    {
        lock (_lock)
        {
            _over = true;
            _unsent.Clear();
            foreach (var (answer, sent) in _open.Values)
                answer.TrySetResult(new SshOutcome(sent ? SshOutcomeKind.Lost : SshOutcomeKind.NotSent));
        }
    }
}
