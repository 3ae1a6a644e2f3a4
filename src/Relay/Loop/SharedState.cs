using System.Threading.Channels;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay;

/// <summary>
/// The one <see cref="RelayState"/> and its lock. A data thread takes it once per batch at most, for what is not blind data; others take it to apply
/// and to ask. Whoever holds it says where what the state sends by itself goes.
/// </summary>
internal sealed class SharedState : IDatagramOutput
{
    private const int MaximumWaitingEvents = 1024;
    private const int MaximumYields = 1000;

    private readonly Lock _lock = new();
    private readonly Channel<RelayEvent> _events = Channel.CreateBounded<RelayEvent>(
        new BoundedChannelOptions(MaximumWaitingEvents) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true });

    private readonly Channel<NameQuery> _queries = Channel.CreateBounded<NameQuery>(
        new BoundedChannelOptions(RelayState.MaximumWaitingQueries) { SingleReader = true, SingleWriter = true });

    // Under the lock.
    private RelayState _state = null!;
    private Outbox? _outbox;
    private bool _isClosed;

    // Atomic.
    private long _nextDeadline = long.MaxValue;
    private int _waitingCount;

    /// <summary>From where agents expect what is sent to them.</summary>
    public LocalAddresses Locals { get; } = new();

    /// <summary>The TLS connections among the addresses.</summary>
    public StreamTable Streams { get; } = new();

    /// <summary>What the state reported, for the log.</summary>
    public ChannelReader<RelayEvent> Events => _events.Reader;

    /// <summary>Names that are to be asked elsewhere. There is room for as many as the state lets wait.</summary>
    public ChannelReader<NameQuery> Queries => _queries.Reader;

    /// <summary>When the state wants to be ticked, as it was when the lock was last given back.</summary>
    public long NextDeadline => Volatile.Read(ref _nextDeadline);

    /// <summary>Begins; the state belongs to the lock from here on.</summary>
    public void Open(RelayState state)
    {
        lock (_lock)
            _state = state;
        Volatile.Write(ref _nextDeadline, state.NextDeadline);
    }

    /// <summary>Nobody gets in any more.</summary>
    public void Close()
    {
        lock (_lock)
            _isClosed = true;
        _events.Writer.TryComplete();
        _queries.Writer.TryComplete();
    }

    /// <summary>Takes the lock on a data thread. <see cref="Exit"/> follows.</summary>
    public RelayState Enter(Outbox outbox)
    {
        Interlocked.Increment(ref _waitingCount);
        _lock.Enter();
        Interlocked.Decrement(ref _waitingCount);
        _outbox = outbox;
        return _state;
    }

    /// <summary>Takes the lock elsewhere, and lets data threads that wait for it go first: the lock alone would let a caller that comes back at once overtake them.</summary>
    /// <exception cref="ObjectDisposedException">The relay has ended.</exception>
    public RelayState EnterLast(Outbox outbox)
    {
        for (int i = 0; i < MaximumYields && Volatile.Read(ref _waitingCount) > 0; i++)
            Thread.Yield();
        _lock.Enter();
        if (_isClosed)
        {
            _lock.Exit();
            ObjectDisposedException.ThrowIf(true, this);
        }

        _outbox = outbox;
        return _state;
    }

    /// <summary>Gives the lock back.</summary>
    public void Exit()
    {
        while (_state.TryDequeueEvent(out var relayEvent))
            _events.Writer.TryWrite(relayEvent);
        while (_state.TryDequeueQuery(out var query))
            _queries.Writer.TryWrite(query);
        Volatile.Write(ref _nextDeadline, _state.NextDeadline);
        _outbox = null;
        _lock.Exit();
    }

    void IDatagramOutput.Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _outbox!.Copy(destination, datagram);
}
