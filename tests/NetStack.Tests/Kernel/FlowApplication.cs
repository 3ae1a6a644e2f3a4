namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>One end of a transfer on the thread of the stack.</summary>
internal abstract class FlowApplication
{
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TcpFlow Flow { get; set; } = null!;

    public Task<CloseReason> Closed => _closed.Task;

    /// <summary>Something moved: read what there is, write what there is room for.</summary>
    public abstract void Run();

    public void OnClosed(CloseReason reason) => _closed.TrySetResult(reason);

    /// <summary>Writes from the position on up to the end of the stream; returns the new position.</summary>
    protected long Pour(long position, long length)
    {
        while (position < length)
        {
            var span = Flow.GetSendSpan();
            if (span.IsEmpty)
                break;
            int now = (int)Math.Min(span.Length, length - position);
            Simulation.Noise.Write(span[..now], 0, position);
            Flow.Commit(now);
            position += now;
        }

        return position;
    }

    protected void Take(Action<ReadOnlySpan<byte>> take)
    {
        for (var span = Flow.PeekReceive(); !span.IsEmpty; span = Flow.PeekReceive())
        {
            take(span);
            Flow.Consume(span.Length);
        }
    }
}
