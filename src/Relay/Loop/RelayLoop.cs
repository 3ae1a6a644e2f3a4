using System.Collections.Concurrent;
using System.Threading.Channels;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay;

/// <summary>
/// The thread where the calculation meets the socket: receive a batch, let <see cref="RelayState"/> open and seal each datagram where it lies, send the batch.
/// It allocates nothing and waits for nobody; other threads post.
/// </summary>
internal sealed class RelayLoop : IDatagramOutput, IReadinessHandler, IDisposable
{
    private const int MaximumWaitingEvents = 1024;

    // Fixed after construction.
    private readonly IDatagramSocket _socket;
    private readonly EventLoop _loop;
    private readonly ReceiveBatch _received;
    private readonly SendBatch _toSend = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Any thread.
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Channel<RelayEvent> _events = Channel.CreateBounded<RelayEvent>(
        new BoundedChannelOptions(MaximumWaitingEvents) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });
    private volatile bool _stopping;

    // The loop's thread only.
    private RelayState _state = null!;
    private bool _readable;

    /// <exception cref="NetworkException">The address is in use or not ours.</exception>
    public RelayLoop(DatagramSocketOptions options)
    {
        _socket = DatagramSockets.Open(options);
        _loop = EventLoop.Open(options.Backend);
        _received = ReceiveBatch.For(_socket);
        _loop.Add(_socket, Readiness.Read, this);
        _thread = new Thread(Run) { IsBackground = true, Name = "relay" };
    }

    public IpEndpoint Local => _socket.Local;

    public DatagramCapabilities Capabilities => _socket.Capabilities;

    public DatagramCounters Counters => _socket.Counters;

    /// <summary>Completes when the thread ended: after <see cref="Dispose"/>, or with what broke it.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What the state reported, for the log.</summary>
    public ChannelReader<RelayEvent> Events => _events.Reader;

    /// <summary>Begins; the state is the thread's from here on.</summary>
    public void Start(RelayState state)
    {
        _state = state;
        _thread.Start();
    }

    /// <summary>Runs a function of the state on the loop's thread.</summary>
    /// <exception cref="ObjectDisposedException">The thread has ended.</exception>
    public async Task<T> AskAsync<T>(Func<RelayState, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue(() =>
        {
            try
            {
                answer.SetResult(question(_state));
            }
            catch (Exception e)
            {
                answer.SetException(e);
                throw;
            }
        });
        _loop.Wake();
        await Task.WhenAny(answer.Task, _ended.Task);
        ObjectDisposedException.ThrowIf(!answer.Task.IsCompleted, this);
        return await answer.Task;
    }

    /// <summary>Puts what the state sends by itself behind what it has forwarded.</summary>
    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        while (!_toSend.TryCopy(destination, datagram))
            _socket.Send(_toSend);
    }

    public void OnReady(Readiness readiness) => _readable = true;

    public void Dispose()
    {
        _stopping = true;
        _loop.Wake();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            _ended.TrySetResult();
        else
            _thread.Join();
        _loop.Remove(_socket);
        _loop.Dispose();
        _socket.Dispose();
        _received.Dispose();
        _toSend.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stopping)
                Turn();
            _ended.TrySetResult();
        }
        catch (Exception e)
        {
            _ended.TrySetException(e);
        }
        finally
        {
            _events.Writer.TryComplete();
        }
    }

    /// <summary>One batch, or one wait. While datagrams keep coming the loop never asks whether there are any.</summary>
    private void Turn()
    {
        if (!_readable)
            _loop.RunOnce(_posted.IsEmpty ? _state.NextDeadline : 0);
        int messages = _readable ? _socket.Receive(_received, 0) : 0;

        // A batch that was not full had everything that was there: the next wait says when there is more.
        _readable = messages == _received.Capacity;
        long now = MonotonicClock.Now;
        if (messages > 0)
            Judge(now);
        if (now >= _state.NextDeadline)
            _state.Tick(now);
        while (_posted.TryDequeue(out var action))
            action();
        if (!_toSend.IsEmpty)
            _socket.Send(_toSend);
        while (_state.TryDequeueEvent(out var relayEvent))
            _events.Writer.TryWrite(relayEvent);
    }

    private void Judge(long now)
    {
        foreach (var run in _received.Datagrams)
        {
            var datagram = run.First;
            if (!_state.Receive(datagram, datagram.Length, run.Source, now, out var forward))
                continue;
            while (!_toSend.TryEnqueue(_received, datagram[..forward.Length], forward.Destination))
                _socket.Send(_toSend);
        }

        // What leaves points into the batch, so it goes before the next one comes.
        _socket.Send(_toSend);
    }
}
