using System.Numerics;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// The flows that clients opened: what tells a connector's answer from its intrusion. Entries never move, so that an index names a flow while it
/// lives. Bounded in all and per client; idle flows go when they are looked at or swept.
/// </summary>
internal sealed class GatewayFlowTable
{
    private const long Second = 1_000_000;

    /// <summary>RFC 5382 section 5, REQ-5: at least 2 hours and 4 minutes.</summary>
    private const long OpenTcpTimeout = 7_440 * Second;
    private const long OpeningTcpTimeout = 240 * Second;
    private const long ClosingTcpTimeout = 60 * Second;

    /// <summary>RFC 4787 section 4.3, REQ-5: at least 2 minutes, 5 recommended.</summary>
    private const long UdpTimeout = 300 * Second;

    /// <summary>RFC 5508 section 3.2: at least 60 seconds.</summary>
    private const long EchoTimeout = 60 * Second;

    private readonly GatewayFlow[] _flows;
    private readonly int[] _buckets;
    private readonly ulong _hashKey;
    private readonly int _perClient;
    private int _freeHead = -1;
    private int _unused;
    private int _sweptTo;

    /// <param name="hashKey">Unknown to clients, whose ports decide about buckets.</param>
    public GatewayFlowTable(int capacity, int perClient, ulong hashKey)
    {
        _flows = new GatewayFlow[capacity];
        _buckets = new int[BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _buckets.AsSpan().Fill(-1);
        _hashKey = hashKey;
        _perClient = perClient;
    }

    public int Capacity => _flows.Length;

    public int Count { get; private set; }

    public ref GatewayFlow this[int index] => ref _flows[index];

    public bool IsUsed(int index) => _flows[index].Client is not null;

    /// <summary>The index of the flow; -1 when there is none, or it has been idle for too long.</summary>
    public int Find(in FlowKey key, long now)
    {
        for (int i = _buckets[BucketOf(key)]; i >= 0; i = _flows[i].NextInBucket)
        {
            ref var flow = ref _flows[i];
            if (flow.Key == key)
                return IsIdle(flow, now) ? -1 : i;
        }

        return -1;
    }

    /// <summary>
    /// Takes a flow in. A client at its limit, or any client when the table is full, gives up its oldest flow; false when it has none to give.
    /// <paramref name="evicted"/> is the index of the flow that went, whose place may be the new one's; -1 for none.
    /// </summary>
    public bool TryAdd(in FlowKey key, AgentSlot client, AgentSlot connector, long now, out int index, out int evicted)
    {
        evicted = -1;
        index = IndexOf(key);
        if (index >= 0)
            Remove(index);
        if (client.FlowCount >= _perClient || Count == Capacity)
        {
            evicted = client.OldestFlow;
            if (evicted < 0)
            {
                index = -1;
                return false;
            }

            Remove(evicted);
        }

        index = TakePlace();
        Put(index, key, client, connector, now);
        return true;
    }

    /// <summary>Takes a flow in at the place that it had before a restart. False when the place or the key is taken.</summary>
    public bool TryRestore(int index, in FlowKey key, AgentSlot client, AgentSlot connector, long now)
    {
        if (index >= Capacity || IsUsed(index) || IndexOf(key) >= 0)
            return false;

        // Restoring comes before everything else: places up to the highest one are free or restored.
        while (_unused <= index)
            AddFree(_unused++);
        TakeFree(index);
        Put(index, key, client, connector, now);
        _flows[index].Phase = FlowPhase.Open;
        return true;
    }

    /// <summary>Marks the flow as used now. Its place in the client's list follows to the second.</summary>
    public void Touch(int index, long now)
    {
        ref var flow = ref _flows[index];
        bool moves = now - flow.UsedAt > Second && flow.Newer >= 0;
        flow.UsedAt = now;
        if (!moves)
            return;
        Unlink(ref flow);
        LinkAsNewest(index, ref flow);
    }

    public void Remove(int index)
    {
        ref var flow = ref _flows[index];
        Unlink(ref flow);
        ref int link = ref _buckets[BucketOf(flow.Key)];
        while (link != index)
            link = ref _flows[link].NextInBucket;
        link = flow.NextInBucket;
        flow = default;
        AddFree(index);
        Count--;
    }

    /// <summary>Looks at the next <paramref name="count"/> places and gives the idle flows among them, at most one per call; -1 when there is none.</summary>
    public int SweepNext(ref int count, long now)
    {
        while (count > 0)
        {
            count--;
            int index = _sweptTo;
            _sweptTo = _sweptTo + 1 >= _unused ? 0 : _sweptTo + 1;
            if (index < _unused && IsUsed(index) && IsIdle(_flows[index], now))
                return index;
        }

        return -1;
    }

    /// <summary>One more than the highest index that was ever used.</summary>
    public int End => _unused;

    private static bool IsIdle(in GatewayFlow flow, long now) => now - flow.UsedAt > TimeoutOf(flow);

    private static long TimeoutOf(in GatewayFlow flow) => flow.Key.Protocol switch
    {
        IpProtocol.Tcp => flow.Phase switch
        {
            FlowPhase.Opening => OpeningTcpTimeout,
            FlowPhase.Open => OpenTcpTimeout,
            _ => ClosingTcpTimeout,
        },
        IpProtocol.Udp => UdpTimeout,
        _ => EchoTimeout,
    };

    private int BucketOf(in FlowKey key) => (int)(key.Hash(_hashKey) & (uint)(_buckets.Length - 1));

    private int IndexOf(in FlowKey key)
    {
        int index = _buckets[BucketOf(key)];
        while (index >= 0 && _flows[index].Key != key)
            index = _flows[index].NextInBucket;
        return index;
    }

    private int TakePlace()
    {
        if (_freeHead < 0)
            return _unused++;
        int index = _freeHead;
        _freeHead = _flows[index].NextInBucket;
        return index;
    }

    private void AddFree(int index)
    {
        _flows[index].NextInBucket = _freeHead;
        _freeHead = index;
    }

    private void TakeFree(int index)
    {
        ref int link = ref _freeHead;
        while (link != index)
            link = ref _flows[link].NextInBucket;
        link = _flows[index].NextInBucket;
    }

    private void Put(int index, in FlowKey key, AgentSlot client, AgentSlot connector, long now)
    {
        ref int bucket = ref _buckets[BucketOf(key)];
        _flows[index] = new GatewayFlow
        {
            Key = key,
            Client = client,
            Connector = connector,
            UsedAt = now,
            NextInBucket = bucket,
        };
        bucket = index;
        LinkAsNewest(index, ref _flows[index]);
        Count++;
    }

    private void LinkAsNewest(int index, ref GatewayFlow flow)
    {
        var client = flow.Client;
        flow.Newer = -1;
        flow.Older = client.NewestFlow;
        if (client.NewestFlow >= 0)
            _flows[client.NewestFlow].Newer = index;
        else
            client.OldestFlow = index;
        client.NewestFlow = index;
        client.FlowCount++;
    }

    private void Unlink(ref GatewayFlow flow)
    {
        var client = flow.Client;
        if (flow.Newer >= 0)
            _flows[flow.Newer].Older = flow.Older;
        else
            client.NewestFlow = flow.Older;
        if (flow.Older >= 0)
            _flows[flow.Older].Newer = flow.Newer;
        else
            client.OldestFlow = flow.Newer;
        client.FlowCount--;
    }
}
