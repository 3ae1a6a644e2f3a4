using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>
/// The data thread: one loop owns the socket, the sessions and the flows of the site. Others reach it through
/// <see cref="InvokeAsync{T}"/> alone.
/// </summary>
internal sealed class DataPath : IReadinessHandler, IDisposable
{
    /// <summary>Batches received before the timers and the sockets of the site have their turn.</summary>
    private const int BatchesPerTurn = 4;

    /// <summary>A run holds at least 8 bytes of each datagram, in at most 64 KiB.</summary>
    private const int MaximumRunCount = 65_536 / 8;

    private readonly EventLoop _loop;
    private readonly IDatagramSocket _socket;
    private readonly ReceiveBatch _received;
    private readonly DatagramOut _out;
    private readonly ClientPacket[] _packets = new ClientPacket[MaximumRunCount];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private long _observedBytes;
    private bool _isStopped;

    public DataPath(Func<DatagramOut, ConnectorState> state, Func<EventLoop, ConnectorState, SiteFlows> site)
    {
        _loop = EventLoop.Open();
        _socket = DatagramSockets.Open(new DatagramSocketOptions());
        _received = ReceiveBatch.For(_socket);
        _out = new DatagramOut(_socket);
        State = state(_out);
        Site = site(_loop, State);
        _loop.Add(_socket, Readiness.Read, this);
        _thread = new Thread(Run) { Name = "data", IsBackground = true };
    }

    public ConnectorState State { get; }

    public SiteFlows Site { get; }

    public IDatagramSocket Socket => _socket;

    /// <summary>Completes when the thread has ended, and fails when it broke.</summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Bytes that the data thread has allocated since its start, without those of <see cref="InvokeAsync{T}"/>: what packets cost. On the
    /// data thread only.
    /// </summary>
    public long AllocatedBytes => GC.GetAllocatedBytesForCurrentThread() - _observedBytes;

    /// <summary>Called on the data thread at the end of every turn that did something.</summary>
    public Action? TurnEnded { get; set; }

    public void Start() => _thread.Start();

    /// <summary>Runs something on the data thread.</summary>
    public Task<T> InvokeAsync<T>(Func<long, T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
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
        return result.Task;
    }

    /// <summary>Ends the thread; what it still had to send leaves.</summary>
    public async Task StopAsync()
    {
        if (!_completion.Task.IsCompleted)
            _loop.Post(() => _isStopped = true);
        await _completion.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void OnReady(Readiness readiness)
    {
        for (int batch = 0; batch < BatchesPerTurn; batch++)
        {
            int count = _socket.Receive(_received, 0);
            if (count == 0)
                return;
            long now = MonotonicClock.Now;
            foreach (var run in _received.Runs)
            {
                int found = State.Receive(run.Bytes, run.SegmentSize, run.Source, now, _packets);
                foreach (ref readonly var packet in _packets.AsSpan(0, found))
                    Site.Input(run.Bytes.Slice(packet.Offset, packet.Length), packet.Client, now);
            }

            Flush(now);
            if (count < _received.Capacity)
                return;
        }
    }

    public void Dispose()
    {
        Site.Dispose();
        State.Dispose();
        _loop.Remove(_socket);
        _socket.Dispose();
        _out.Dispose();
        _received.Dispose();
        _loop.Dispose();
    }

    /// <summary>The flows write, the session seals, the socket sends.</summary>
    private void Flush(long now)
    {
        Site.Flush(now);
        State.Flush(now);
        _out.Flush();
    }

    private void Run()
    {
        try
        {
            while (!_isStopped)
            {
                _loop.RunOnce(Math.Min(State.NextDeadline, Site.NextDeadline));
                long now = MonotonicClock.Now;
                if (now >= State.NextDeadline)
                    State.Tick(now);
                if (now >= Site.NextDeadline)
                    Site.Tick(now);
                Flush(now);
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
