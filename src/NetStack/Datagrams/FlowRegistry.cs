using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// The flows of a table: found by peer and key, expired from one queue for each idle time, evicted by <see cref="FairShares{T}"/>. The
/// objects are reused, so that nothing is allocated once the table has been as full as it gets.
/// </summary>
internal sealed class FlowRegistry<TFlow>
    where TFlow : DatagramFlow, new()
{
    private readonly Dictionary<FlowIdentity, TFlow> _flows;
    private readonly FairShares<DatagramFlow> _shares;
    private readonly long[] _idleTimeouts;
    private readonly AgeList<DatagramFlow, DatagramFlow.IdleLink>[] _idle;
    private readonly Stack<TFlow> _spare = [];
    private readonly Action<TFlow> _closed;

    /// <param name="idleTimeouts">Microseconds, by idle class.</param>
    /// <param name="closed">Called once for each flow that ends.</param>
    public FlowRegistry(DatagramLimits limits, long[] idleTimeouts, Action<TFlow> closed)
    {
        _flows = new Dictionary<FlowIdentity, TFlow>(new FlowIdentityComparer(limits.HashKey));
        _shares = new FairShares<DatagramFlow>(limits.MaximumFlows, limits.MaximumFlowsPerPeer);
        _idleTimeouts = idleTimeouts;
        _idle = new AgeList<DatagramFlow, DatagramFlow.IdleLink>[idleTimeouts.Length];
        _closed = closed;
    }

    public int Count => _flows.Count;

    public int CountOf(int peer) => _shares.CountOf(peer);

    public long NextDeadline
    {
        get
        {
            long next = long.MaxValue;
            for (int i = 0; i < _idle.Length; i++)
            {
                if (_idle[i].Oldest is { } oldest)
                    next = Math.Min(next, oldest.LastActivityAt + _idleTimeouts[i]);
            }

            return next;
        }
    }

    public TFlow? Find(int peer, in FlowKey key) => _flows.GetValueOrDefault(new FlowIdentity(peer, key));

    /// <summary>A flow that is not in the table yet: <see cref="Add"/> or <see cref="Return"/> it.</summary>
    public TFlow Rent(int peer, in FlowKey key, long now)
    {
        var flow = _spare.TryPop(out var spare) ? spare : new TFlow();
        flow.Reuse(key, peer, now);
        return flow;
    }

    public void Return(TFlow flow)
    {
        flow.State = null;
        _spare.Push(flow);
    }

    public void Add(TFlow flow, int idleClass)
    {
        while (_shares.VictimFor(flow.Peer) is { } victim)
            Close((TFlow)victim, DatagramCloseReason.Evicted);
        _flows.Add(new FlowIdentity(flow.Peer, flow.Key), flow);
        _shares.Add(flow, flow.Peer);
        flow.IdleClass = idleClass;
        _idle[idleClass].Add(flow);
    }

    public void Touch(TFlow flow, long now)
    {
        flow.LastActivityAt = now;
        _shares.Renew(flow);
        _idle[flow.IdleClass].Renew(flow);
    }

    /// <summary>The target has answered for the first time.</summary>
    public void Answer(TFlow flow, int idleClass)
    {
        flow.IsAnswered = true;
        _shares.Prove(flow);
        _idle[flow.IdleClass].Remove(flow);
        flow.IdleClass = idleClass;
        _idle[idleClass].Add(flow);
    }

    public void Close(TFlow flow, DatagramCloseReason reason)
    {
        _flows.Remove(new FlowIdentity(flow.Peer, flow.Key));
        _shares.Remove(flow);
        _idle[flow.IdleClass].Remove(flow);
        flow.CloseReason = reason;
        _closed(flow);
        Return(flow);
    }

    public void Expire(long now)
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            while (_idle[i].Oldest is { } oldest && now - oldest.LastActivityAt >= _idleTimeouts[i])
                Close((TFlow)oldest, DatagramCloseReason.Idle);
        }
    }

    public void RemovePeer(int peer)
    {
        while (_shares.OldestOf(peer) is { } flow)
            Close((TFlow)flow, DatagramCloseReason.PeerRemoved);
    }
}
