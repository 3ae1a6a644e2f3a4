using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>
/// The data thread of an agent at the edge: one loop owns the socket towards the relays and whatever the agent adds to it. Others reach it through
/// <see cref="InvokeAsync{T}"/> alone.
/// <code>
/// turn   wait → readable sockets → batches of datagrams → what came by TLS → due timers → what was gathered leaves
/// </code>
/// </summary>
public abstract class PacketThread : IReadinessHandler, IDisposable
{
    /// <summary>Batches received before the timers and everything else have their turn.</summary>
    private const int BatchesPerTurn = 4;

    private readonly ReceiveBatch _received;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private long _observedBytes;
    private bool _isStopped;

    /// <exception cref="NetworkException">No datagram socket is to be had.</exception>
    protected PacketThread()
    {
        Loop = EventLoop.Open();
        Socket = DatagramSockets.Open(new DatagramSocketOptions());
        Streams = new RelayStreams(Loop, (endpoint, isOpen) => StreamChanged(endpoint, isOpen, MonotonicClock.Now));
        Out = new DatagramOut(Socket, Streams);
        _received = ReceiveBatch.For(Socket);
        Loop.Add(Socket, Readiness.Read, this);
        _thread = new Thread(Run) { Name = "data", IsBackground = true };
    }

    public IDatagramSocket Socket { get; }

    /// <summary>Completes when the thread has ended, and fails when it broke.</summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Bytes that the data thread has allocated since its start, without those of <see cref="InvokeAsync{T}"/>: what packets cost. On the
    /// data thread only.
    /// </summary>
    public long AllocatedBytes => GC.GetAllocatedBytesForCurrentThread() - _observedBytes;

    /// <summary>Called on the data thread at the end of every turn that did something.</summary>
    public Action? TurnEnded { get; set; }

    protected EventLoop Loop { get; }

    /// <summary>Ways to relays where UDP is blocked. On the data thread only.</summary>
    public RelayStreams Streams { get; }

    /// <summary>Where everything that leaves is gathered.</summary>
    protected DatagramOut Out { get; }

    /// <summary>When <see cref="Tick"/> wants to be called.</summary>
    protected abstract long NextDeadline { get; }

    public void Start() => _thread.Start();

    /// <summary>Runs something on the data thread. Cancelled when the thread has ended, or ends before its turn comes.</summary>
    public Task<T> InvokeAsync<T>(Func<long, T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                result.TrySetResult(action(MonotonicClock.Now));
            }
            catch (Exception e)
            {
                result.TrySetException(e);
            }

            _observedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        });
        return OrEndAsync(result.Task);
    }

    private async Task<T> OrEndAsync<T>(Task<T> result)
    {
        await Task.WhenAny(result, _completion.Task);
        return result.IsCompleted ? await result : throw new OperationCanceledException("The data thread has ended.");
    }

    /// <summary>Ends the thread; what it still had to send leaves.</summary>
    public async Task StopAsync()
    {
        if (!_completion.Task.IsCompleted)
            Loop.Post(() => _isStopped = true);
        await _completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void OnReady(Readiness readiness)
    {
        for (int batch = 0; batch < BatchesPerTurn; batch++)
        {
            int count = Socket.Receive(_received, 0);
            if (count == 0)
                return;
            long now = MonotonicClock.Now;
            Received(_received, now);
            Send(now);
            if (count < _received.Capacity)
                return;
        }
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Datagrams came; they may be changed in place and are gone when this returns.</summary>
    protected abstract void Received(ReceiveBatch datagrams, long now);

    /// <summary>A connection of <see cref="Streams"/> stands, or has ended or could not be had.</summary>
    protected abstract void StreamChanged(in IpEndpoint endpoint, bool isOpen, long now);

    /// <summary>Does what is due; called once a turn, early too.</summary>
    protected abstract void Tick(long now);

    /// <summary>Seals what was written into <see cref="Out"/>, before it is sent.</summary>
    protected abstract void Flush(long now);

    /// <summary>After the thread has ended.</summary>
    protected virtual void Dispose(bool disposing)
    {
        Loop.Remove(Socket);
        Streams.Dispose();
        Socket.Dispose();
        Out.Dispose();
        _received.Dispose();
        Loop.Dispose();
    }

    /// <summary>True when there may be more.</summary>
    private bool ReceiveStreams()
    {
        for (int batch = 0; batch < BatchesPerTurn; batch++)
        {
            if (!Streams.TryReceive(_received))
                return false;
            long now = MonotonicClock.Now;
            Received(_received, now);
            Send(now);
        }

        return true;
    }

    private void Send(long now)
    {
        Flush(now);
        Out.Flush();
    }

    private void Run()
    {
        try
        {
            bool hasMore = false;
            while (!_isStopped)
            {
                Loop.RunOnce(hasMore ? 0 : NextDeadline);
                hasMore = ReceiveStreams();
                long now = MonotonicClock.Now;
                Tick(now);
                Send(now);
                TurnEnded?.Invoke();
            }

            _completion.TrySetResult();
        }
        catch (Exception e)
        {
            _completion.TrySetException(e);
        }
    }
}
