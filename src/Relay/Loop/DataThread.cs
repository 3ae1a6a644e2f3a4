using System.Numerics;
using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>
/// One socket and the thread that owns it: receive a batch, route each run, send the batch. Blind data needs no lock; what it does not know goes to the
/// shared state, run by run. It allocates nothing, and waits for nothing but the socket and, rarely, the lock.
/// </summary>
internal sealed class DataThread : IDisposable
{
    /// <summary>Milliseconds after which it looks at the clock and at the stop flag even when nothing comes.</summary>
    private const int LongestWait = 128;

    /// <summary>Turns between two looks at what the thread has allocated.</summary>
    private const int AllocationInterval = 64;

    /// <summary>A run of several datagrams holds at least 8 bytes of each, in at most 64 KiB.</summary>
    private const int MaximumRunCount = 65_536 / 8;

    // Fixed after construction.
    private readonly IDatagramSocket _socket;
    private readonly SharedState _shared;
    private readonly bool _ticks;
    private readonly ReceiveBatch _received;
    private readonly SendBatch _toSend = new();
    private readonly Outbox _outbox;
    private readonly RelayForward[] _forwards = new RelayForward[MaximumRunCount];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // This thread only.
    private RelayForwarder _forwarder = null!;
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
        _outbox = new Outbox(socket, _toSend, shared.Locals);
        _thread = new Thread(Run) { IsBackground = true, Name = $"relay-{index}" };
    }

    public IDatagramSocket Socket => _socket;

    /// <summary>What it forwarded and dropped.</summary>
    public RelayForwarder Forwarder => _forwarder;

    /// <summary>Managed bytes that the thread has allocated; at most 64 batches or 128 ms old.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocatedBytes);

    /// <summary>Completes when the thread ended: after <see cref="Dispose"/>, or with what broke it.</summary>
    public Task Ended => _ended.Task;

    public void Start(RelayForwarder forwarder)
    {
        _forwarder = forwarder;
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
        _outbox.Dispose();
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
            Judge();
        if (_ticks && _now >= _shared.NextDeadline)
            Tick();
        if (messages == 0 || _turn++ % AllocationInterval == 0)
            Volatile.Write(ref _allocatedBytes, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>Powers of two, since the system is told of every change: a deadline is reached in a few waits.</summary>
    private static int WaitFor(long microseconds) =>
        microseconds <= 0 ? 0 : 1 << BitOperations.Log2((uint)Math.Clamp(microseconds / 1000, 1, LongestWait));

    private void Judge()
    {
        RelayState? state = null;
        try
        {
            foreach (var run in _received.Runs)
                Route(run, ref state);
        }
        finally
        {
            if (state is not null)
                _shared.Exit();
        }

        // What leaves points into the batch, so it goes before the next one comes.
        _outbox.Flush();
    }

    private void Route(in DatagramRun run, ref RelayState? state)
    {
        switch (_forwarder.TryForward(run.Source, run.First, run.Count, run.Length, _now, _isOverloaded, out var destination))
        {
            case ForwardVerdict.Forward:
                _outbox.Forward(run, destination);
                break;
            case ForwardVerdict.NotMine:
                state ??= _shared.Enter(_outbox);
                Receive(state, run);
                break;
        }
    }

    private void Receive(RelayState state, in DatagramRun run)
    {
        _outbox.BeginAnswer(run);
        var bytes = run.Bytes;
        int count = state.ReceiveRun(bytes, run.SegmentSize, run.Source, _now, _forwards);
        foreach (ref readonly var forward in _forwards.AsSpan(0, count))
            _outbox.Forward(_received, bytes.Slice(forward.Offset, forward.Length), forward.Destination, run.TrafficClass);
        _outbox.EndAnswer();

        // What is forwarded to an agent leaves from where the agent sends to. Only proven addresses are worth a place.
        if (_shared.Locals.Saw(run.Local) && state.Forwarding.TryFindAgent(run.Source, out _))
            _shared.Locals.Remember(run.Source, run.Local);
    }

    private void Tick()
    {
        var state = _shared.Enter(_outbox);
        try
        {
            state.Tick(_now);
        }
        finally
        {
            _shared.Exit();
        }

        _outbox.Flush();
    }
}
