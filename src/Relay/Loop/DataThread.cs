using System.Numerics;
using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>One socket and the thread that owns it: receive a batch, route each run, send the batch. It waits for nothing but the socket and, rarely, the lock.</summary>
internal sealed class DataThread : IDisposable
{
    /// <summary>Milliseconds after which it looks at the clock and at the stop flag even when nothing comes.</summary>
    private const int LongestWait = 128;

    /// <summary>Turns between two looks at what the thread has allocated.</summary>
    private const int AllocationInterval = 64;

    // Fixed after construction.
    private readonly IDatagramSocket _socket;
    private readonly SharedState _shared;
    private readonly bool _ticks;
    private readonly ReceiveBatch _received;
    private readonly BatchRouter _router;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // This thread only.
    private long _now;
    private int _turn;
    private bool _isOverloaded;

    // Written by this thread, read by anyone.
    private long _allocatedBytes;
    private volatile bool _stopping;

    /// <param name="ticks">Whether this thread keeps the state's timers.</param>
    public DataThread(IDatagramSocket socket, SharedState shared, bool ticks, int index)
    {
        _socket = socket;
        _shared = shared;
        _ticks = ticks;
        _received = ReceiveBatch.For(socket);
        _router = new BatchRouter(socket, shared, isOfStreams: false);
        _thread = new Thread(Run) { IsBackground = true, Name = $"relay-{index}" };
    }

    public IDatagramSocket Socket => _socket;

    /// <summary>What it forwarded and dropped.</summary>
    public RelayForwarder Forwarder => _router.Forwarder;

    /// <summary>Managed bytes that the thread has allocated; at most 64 batches or 128 ms old.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Completes when the thread ended: after <see cref="Dispose"/>, or with what broke it.</summary>
    public Task Ended => _ended.Task;

    public void Start(RelayForwarder forwarder)
    {
        _router.Open(forwarder);
        _thread.Start();
    }

    /// <summary>Asks it to end, without waiting.</summary>
    public void Stop() => _stopping = true;

    public void Dispose()
    {
        Stop();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            _ended.TrySetResult();
        else
            _thread.Join();
        _router.Dispose();
        _socket.Dispose();
        _received.Dispose();
    }

    private void Run()
    {
        try
        {
            _now = MonotonicClock.Now;
            while (!_stopping)
                Turn();
            _ended.TrySetResult();
        }
        catch (Exception e)
        {
            _ended.TrySetException(e);
        }
    }

    /// <summary>One wait and one batch. While datagrams keep coming the wait is none.</summary>
    private void Turn()
    {
        int messages = _socket.Receive(_received, _ticks ? WaitFor(_shared.NextDeadline - _now) : LongestWait);
        _now = MonotonicClock.Now;
        // A full batch may have left more behind: whether too much, only the socket knows.
        _isOverloaded = messages == _received.Capacity && (_isOverloaded || _socket.IsBacklogged);
        if (messages > 0)
            _router.Route(_received, _now, _isOverloaded);
        if (_ticks && _now >= _shared.NextDeadline)
            _router.Tick(_now);
        if (messages == 0 || _turn++ % AllocationInterval == 0)
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>Powers of two, since the system is told of every change: a deadline is reached in a few waits.</summary>
    private static int WaitFor(long microseconds) =>
        microseconds <= 0 ? 0 : 1 << BitOperations.Log2((uint)Math.Clamp(microseconds / 1000, 1, LongestWait));
}
