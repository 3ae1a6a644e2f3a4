using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

/// <summary>What a table without care looks like: buckets are used again for other keys in two stores, addresses are written in place, and a change clears first.</summary>
internal sealed class BrokenTable : IConcurrentTable
{
    private readonly (ulong Key, int To)[] _buckets = new (ulong, int)[16];
    private readonly ulong[] _addresses = new ulong[64];
    private readonly ulong[] _ports = new ulong[64];

    public void SetAddress(int slot, IpEndpoint address)
    {
        Volatile.Write(ref _addresses[slot], address.Address.Low);
        Thread.SpinWait(20);
        Volatile.Write(ref _ports[slot], address.Port);
    }

    public void AddPair(int client, int connector, uint clientIndex, uint connectorIndex)
    {
        Put(client, connectorIndex, connector);
        Put(connector, clientIndex, client);
    }

    public void RemovePairs(int client, int connector)
    {
        foreach (ref var bucket in _buckets.AsSpan(2))
        {
            if (bucket.To == client || bucket.To == connector)
                Volatile.Write(ref bucket.Key, 0);
        }
    }

    public bool TryRoute(IpEndpoint source, uint index, out int from, out int to, out IpEndpoint destination)
    {
        from = ConcurrentReaders.OwnerOf(source);
        to = -1;
        destination = default;
        ref var bucket = ref BucketOf(from, index);
        if (Volatile.Read(ref bucket.Key) != KeyOf(from, index))
            return false;
        to = Volatile.Read(ref bucket.To);
        destination = new IpEndpoint(new IpAddress(0, Volatile.Read(ref _addresses[to])), (ushort)Volatile.Read(ref _ports[to]));
        return true;
    }

    private void Put(int slot, uint index, int to)
    {
        ref var bucket = ref BucketOf(slot, index);
        Volatile.Write(ref bucket.Key, KeyOf(slot, index));
        Thread.SpinWait(20);
        Volatile.Write(ref bucket.To, to);
    }

    /// <summary>The session that nobody touches has its own; the others push each other out.</summary>
    private ref (ulong Key, int To) BucketOf(int slot, uint index)
    {
        bool isPinned = ConcurrentReaders.PairOf(index) == 0;
        return ref _buckets[(isPinned ? 0 : 2 + 2 * (ConcurrentReaders.PairOf(index) % 4)) + (slot & 8) / 8];
    }

    private static ulong KeyOf(int slot, uint index) => ((ulong)(slot + 1) << 32) | index;
}
