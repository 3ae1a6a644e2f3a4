using Keyhole.Net;
using Keyhole.Tunnel;

namespace Keyhole.Relay;

/// <summary>
/// Routes batches of received datagrams and sends what comes of them. Blind data needs no lock; what it does not know goes to the shared state, run by
/// run. One thread at a time uses it. It allocates nothing, and waits for nothing but, rarely, the lock.
/// </summary>
/// <param name="sender">The way out; its owner's to dispose of.</param>
/// <param name="isOfStreams">Whether the sources are TLS connections: their addresses are true there and nowhere else.</param>
internal sealed class BatchRouter(IDatagramSender sender, SharedState shared, bool isOfStreams) : IDisposable
{
    /// <summary>A run of several datagrams holds at least 8 bytes of each, in at most 64 KiB.</summary>
    private const int MaximumRunCount = 65_536 / 8;

    // Fixed after construction.
    private readonly RelayForward[] _forwards = new RelayForward[MaximumRunCount];
    private readonly Outbox _outbox = new(sender, new SendBatch(), shared.Locals, shared.Streams);

    // The using thread only.
    private RelayForwarder _forwarder = null!;
    private bool _isOverloaded;
    private long _now;

    /// <summary>What it forwarded and dropped.</summary>
    public RelayForwarder Forwarder => _forwarder;

    public void Open(RelayForwarder forwarder) => _forwarder = forwarder;

    /// <summary>Routes all datagrams of a batch, and sends.</summary>
    public void Route(ReceiveBatch received, long now, bool isOverloaded)
    {
        _now = now;
        _isOverloaded = isOverloaded;
        RelayState? state = null;
        try
        {
            var runs = received.Runs;
            while (LookAhead(runs) is var count and > 0)
            {
                for (int i = 0; i < count && runs.MoveNext(); i++)
                    Route(received, runs.Current, i, ref state);
            }
        }
        finally
        {
            if (state is not null)
                shared.Exit();
        }

        // What leaves points into the batch, so it goes before the next one comes.
        _outbox.Flush();
    }

    /// <summary>Does what the state's timers want.</summary>
    public void Tick(long now)
    {
        var state = shared.Enter(_outbox);
        try
        {
            state.Tick(now);
        }
        finally
        {
            shared.Exit();
        }

        _outbox.Flush();
    }

    public void Dispose() => _outbox.Dispose();

    /// <summary>Looks up together where the next runs go, and gives how many they are.</summary>
    private int LookAhead(DatagramRunEnumerator runs)
    {
        _forwarder.Begin();
        int count = 0;
        while (count < RelayForwarder.MaximumRuns && runs.MoveNext())
        {
            _forwarder.Add(runs.Current.Source, runs.Current.First);
            count++;
        }

        _forwarder.LookUp(_now);
        return count;
    }

    private void Route(ReceiveBatch received, in DatagramRun run, int index, ref RelayState? state)
    {
        // Whoever writes another's address into a datagram would speak for a TLS connection: such a source is none.
        if (run.Source.Address.IsDiscardOnly != isOfStreams)
        {
            state ??= shared.Enter(_outbox);
            state.ReceiveRun(run.Bytes, run.SegmentSize, default, _now, _forwards);
            return;
        }

        switch (_forwarder.TryForward(index, run.First.Length, run.Count, run.Length, _now, _isOverloaded, out int forwarded, out var destination))
        {
            case ForwardVerdict.Forward:
                _outbox.Forward(run.Take(forwarded), destination);
                break;
            case ForwardVerdict.NotMine:
                state ??= shared.Enter(_outbox);
                Receive(received, state, run);
                break;
        }
    }

    private void Receive(ReceiveBatch received, RelayState state, in DatagramRun run)
    {
        _outbox.BeginAnswer(run);
        var bytes = run.Bytes;
        int count = state.ReceiveRun(bytes, run.SegmentSize, run.Source, _now, _forwards);
        foreach (ref readonly var forward in _forwards.AsSpan(0, count))
            _outbox.Forward(received, bytes.Slice(forward.Offset, forward.Length), forward.Destination, run.TrafficClass);
        _outbox.EndAnswer();

        // What is forwarded to an agent leaves from where the agent sends to. Only proven addresses are worth a place.
        if (shared.Locals.Saw(run.Local) && !isOfStreams && state.Forwarding.TryFindAgent(run.Source, out _))
            shared.Locals.Remember(run.Source, run.Local);
    }
}
