using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

/// <param name="together">Look-ups that are made at once, of which the last one is looked at; the others ask for what comes before and behind it.</param>
internal sealed class RealTable(int together) : IConcurrentTable
{
    private const long Now = 1_000_000;

    private readonly ForwardingTable _table = new(64, 8192, 0x1234_5678_9ABC_DEF1);

    public void SetAddress(int slot, IpEndpoint address) => _table.SetAddress(slot, address);

    public void AddPair(int client, int connector, uint clientIndex, uint connectorIndex) =>
        Assert.Equal(EntryResult.Added, _table.AddPair(client, connector, clientIndex, connectorIndex, Now));

    public void RemovePairs(int client, int connector) => _table.RemovePairs(client, connector);

    public bool TryRoute(IpEndpoint source, uint index, out int from, out int to, out IpEndpoint destination)
    {
        var queries = new RouteQuery[together];
        for (int i = 0; i < together; i++)
            queries[i] = new RouteQuery { Source = source, ReceiverIndex = index + (uint)(together - 1 - i) };
        _table.Route(queries, Now);
        (from, to, destination) = (queries[^1].From, queries[^1].To, queries[^1].Destination);
        return queries[^1].IsRouted;
    }
}
