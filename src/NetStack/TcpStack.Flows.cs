namespace Keyhole.NetStack;

// The life of flows: the pool, the list of those with something to do, their end.
public sealed partial class TcpStack
{
    private const int PoolMaximum = 4096;
    private const int StorePoolMaximum = 256;
    private const long MemoryRetry = 20_000;

    internal void MarkDirty(TcpFlow flow)
    {
        if (flow.IsDirty || flow.IsBlocked)
            return;
        flow.IsDirty = true;
        _dirty.Enqueue(flow);
    }

    /// <summary>The sink took no more: the flow goes on at the next Flush.</summary>
    internal void Block(TcpFlow flow)
    {
        if (flow.IsBlocked)
            return;
        flow.IsBlocked = true;
        _blocked.Add(flow);
    }

    /// <summary>The host found no send space: it hears of it again when acknowledgements make some, or, where only memory was missing, after a while.</summary>
    internal void WaitForSendSpace(TcpFlow flow)
    {
        flow.SendSpaceWanted = true;
        if (!flow.HasSendSpace || flow.MemoryAt != TcpFlow.Never)
            return;
        flow.MemoryAt = _now + MemoryRetry;
        MarkDirty(flow);
    }

    /// <summary>The connection is over in the protocol. The flow stays until the host has read what is left, if it still wants that.</summary>
    internal void Finish(TcpFlow flow, bool timeWait)
    {
        if (timeWait)
        {
            _timeWait.Add(
                flow.IncomingKey,
                flow.Peer,
                flow.SndNxt,
                flow.RcvNxt,
                flow.TimestampsOn,
                flow.TsRecent,
                flow.TimestampOffset,
                _now);
        }

        flow.TcpState = timeWait ? TcpState.TimeWait : TcpState.Closed;
        LeaveTable(flow);
        MarkDirty(flow);
    }

    /// <summary>Ends a flow at once.</summary>
    internal void Close(TcpFlow flow, CloseReason reason)
    {
        if (flow.CloseReason != CloseReason.None)
            return;
        LeaveTable(flow);
        flow.TcpState = TcpState.Closed;
        flow.CloseReason = reason;
        flow.Events |= FlowEvents.Closed;
        MarkDirty(flow);
    }

    internal OutOfOrderStore RentStore() => _stores.TryPop(out var store) ? store : new OutOfOrderStore();

    internal void ReturnStore(OutOfOrderStore store)
    {
        store.Clear();
        if (_stores.Count < StorePoolMaximum)
            _stores.Push(store);
    }

    private void LeaveTable(TcpFlow flow)
    {
        if (!flow.IsInTable)
            return;
        flow.IsInTable = false;
        _table.Remove(flow.IncomingKey);
        Wheel.Cancel(flow);
    }

    private TcpFlow TakeFlow() => _pool.TryPop(out var flow)
        ? flow
        : new TcpFlow(this, Options.Congestion == CongestionAlgorithm.NewReno ? new NewReno() : new Cubic());

    private void Serve(long now)
    {
        foreach (var flow in _blocked)
        {
            flow.IsBlocked = false;
            MarkDirty(flow);
        }

        _blocked.Clear();
        while (_dirty.TryDequeue(out var flow))
        {
            flow.IsDirty = false;
            Serve(flow, now);
        }

        foreach (var flow in _closed)
            Recycle(flow);
        _closed.Clear();
    }

    private void Serve(TcpFlow flow, long now)
    {
        if (flow.AbortRequested && flow.CloseReason == CloseReason.None)
        {
            if (flow.IsInTable && flow.TcpState is not TcpState.SynSent)
                TcpOutput.SendReset(flow);
            Close(flow, flow.AbortReason);
        }

        bool finished = flow.TcpState is TcpState.Closed or TcpState.TimeWait;
        if (flow.Events != FlowEvents.None)
            Tell(flow);
        if (finished && flow.CloseReason == CloseReason.None && (flow.ReceiveLength == 0 || flow.ReceiveClosed))
        {
            Close(flow, CloseReason.Finished);
            return;
        }

        if (flow.CloseReason != CloseReason.None)
            return;
        if (flow.AbortRequested)
            MarkDirty(flow);
        else if (!finished && TcpOutput.Run(flow, now))
            MarkDirty(flow);
        if (flow.IsInTable)
            TcpTimers.Arm(flow, now);
    }

    private void Tell(TcpFlow flow)
    {
        var events = flow.Events;
        flow.Events = FlowEvents.None;

        // After a reset there is nothing to read and nobody to send to.
        bool alive = flow.CloseReason == CloseReason.None;
        if (alive && (events & FlowEvents.Connected) != 0)
            Host.OnConnected(flow);
        if (alive && (events & FlowEvents.Readable) != 0 && flow.ReceiveLength > 0)
            Host.OnReadable(flow);
        if (alive && (events & FlowEvents.PeerFin) != 0)
            Host.OnPeerFin(flow);
        if (alive && (events & FlowEvents.SendSpace) != 0 && !flow.SendClosed)
            Host.OnSendSpace(flow);
        if ((events & FlowEvents.PeerReset) != 0)
            Host.OnPeerReset(flow);
        if ((events & FlowEvents.Closed) != 0)
        {
            Release(flow);
            Host.OnClosed(flow);
            _closed.Add(flow);
        }
    }

    // All memory goes back before the host hears of the end; the object itself only after the turn, so that the host may still look at it.
    private void Release(TcpFlow flow)
    {
        flow.SendQueue.Clear(Slabs, flow.Account);
        flow.ReceiveQueue.Clear(Slabs, flow.Account);
        flow.SendQueue.Reset();
        flow.ReceiveQueue.Reset();
        flow.Scoreboard.Release(Rings, flow.Account);
        if (flow.OutOfOrder is { } store)
        {
            flow.OutOfOrder = null;
            ReturnStore(store);
        }

        flow.Account.Remove(flow);
        FlowCount--;
        Counters.FlowsClosed++;
    }

    private void Recycle(TcpFlow flow)
    {
        flow.State = null;
        if (_pool.Count < PoolMaximum)
            _pool.Push(flow);
    }
}
