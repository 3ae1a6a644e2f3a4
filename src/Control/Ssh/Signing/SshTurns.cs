namespace Keyhole.Control;

/// <summary>
/// How many orders one host has at once. A host that hangs, or one that everybody logs in to at nine o'clock, takes neither its connector's nor the other hosts' time: the
/// others wait here, and not too many of them.
/// </summary>
internal sealed class SshTurns(TimeProvider time)
{
    public const int AtOnce = 3;
    public const int Waiting = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Line> _lines = [];

    /// <returns>Ends the turn; null where there was none within the time, or too many wait already.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public async Task<IDisposable?> TakeAsync(int resource, TimeSpan patience, CancellationToken cancelled)
    {
        Line? line;
        lock (_lock)
        {
            if (!_lines.TryGetValue(resource, out line))
                _lines.Add(resource, line = new Line(this, resource));
            if (line.Present == AtOnce + Waiting)
                return null;
            line.Present++;
        }

        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancelled);
        try
        {
            await line.Turns.WaitAsync(either.Token);
            return line;
        }
        catch (OperationCanceledException)
        {
            Leave(line);
            cancelled.ThrowIfCancellationRequested();
            return null;
        }
    }

    private void Leave(Line line)
    {
        lock (_lock)
        {
            if (--line.Present == 0)
                _lines.Remove(line.Resource);
        }
    }

    private sealed class Line(SshTurns turns, int resource) : IDisposable
    {
        public int Resource => resource;

        public SemaphoreSlim Turns { get; } = new(AtOnce);

        /// <summary>Those who have a turn and those who wait.</summary>
        public int Present { get; set; }

        /// <summary>One turn is over.</summary>
        public void Dispose()
        {
            Turns.Release();
            turns.Leave(this);
        }
    }
}
